/** A row was changed or deleted, whoever did it. */
export interface Change {
  readonly table: string;
  /** Primary key; undefined: any number of rows. */
  readonly key: string | undefined;
}

export interface ChangeListener {
  /** Called after the change can be read, and at once. */
  changed(change: Change): void;
  /** Changes made up to now may have been missed: what was read before must be read again. */
  missed(): void;
}

/** Tells what others change in the database, so that what was read can be kept until then. */
export interface ChangeFeed {
  /**
   * Whether listeners know all that was committed a second ago. While it is false they may know of
   * no change at all.
   */
  isCurrent(): boolean;
  subscribe(listener: ChangeListener): void;
  close(): Promise<void>;
}
