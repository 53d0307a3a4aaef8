/** What the templates of the outbox in `views/development/` are told. */
export interface OutboxViews {
  "development/outbox": OutboxView;
  "development/outbox-mail": OutboxMailView;
}

/** The same rows for run time. */
export const IS_OUTBOX_VIEW: Record<keyof OutboxViews, true> = {
  "development/outbox": true,
  "development/outbox-mail": true,
};

export interface OutboxView {
  readonly mails: readonly OutboxRow[];
}

export interface OutboxRow {
  readonly href: string;
  readonly subject: string;
  readonly to: string;
  /** When it was written. */
  readonly time: string;
}

export interface OutboxMailView extends Omit<OutboxRow, "href"> {
  readonly outboxUrl: string;
  readonly from: string;
  readonly text: string;
  /** The same as HTML, for a frame. */
  readonly htmlUrl: string;
  /** The link in it, which the frame does not follow. */
  readonly link: string | undefined;
}
