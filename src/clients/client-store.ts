/** Client metadata as registered (RFC 7591 §2), without the secret. */
export type ClientMetadata = Record<string, unknown>;

export interface ClientRecord {
  readonly clientId: string;
  readonly metadata: ClientMetadata;
  /** See `client-secret.ts`; undefined for clients that authenticate without a secret. */
  readonly secretHash: string | undefined;
  readonly policy: ClientPolicy;
  readonly createdBy: "administrator" | "registration";
  readonly demonstration: boolean;
  readonly createdAtSeconds: number;
}

/** What only an administrator decides about a client; no registration request reaches it. */
export interface ClientPolicy {
  /** Ours: people are not asked for consent. */
  readonly firstParty: boolean;
  /** It may take people's passwords in a form of its own; only for a first-party client. */
  readonly directSignIn: boolean;
  /** People sign in to it with a second step. */
  readonly secondStep: boolean;
  /** The accent of the pages about it, see `lib/client-colours.ts`; without it that of every page. */
  readonly colour?: string;
  /** The resource server (RFC 8707 identifier) that this client is; it may introspect its tokens. */
  readonly resourceServer: string | undefined;
}

/** What of it may be changed later; what is left out stays. At least one. */
export interface PolicyChanges {
  readonly secondStep?: boolean;
  /** `null`: none of its own. */
  readonly colour?: string | null;
}

export interface ClientStore {
  /** A node may keep what it read: a change made elsewhere counts within a second. */
  find(clientId: string): Promise<ClientRecord | undefined>;
  /** What every write that was acknowledged has left, for those who write what follows from it. */
  findLatest(clientId: string): Promise<ClientRecord | undefined>;
  /** Ordered by creation, then id; `after` is the id of the last client of the page before. */
  list(page: { after?: string; limit: number }): Promise<ClientRecord[]>;
  /** @throws LatchkeyError `client_exists` when the id is taken. */
  create(client: Omit<ClientRecord, "createdAtSeconds">): Promise<void>;
  /**
   * Writes what registration may change. A client that is not there is created with
   * `createdBy: "registration"` and no policy; policy and origin of one that is there stay.
   */
  saveRegistration(
    clientId: string,
    metadata: ClientMetadata,
    secretHash: string | undefined,
  ): Promise<void>;
  /** @returns false when there is no such client. */
  changePolicy(clientId: string, changes: PolicyChanges): Promise<boolean>;
  /** @returns false when there is no such client. */
  setSecretHash(clientId: string, secretHash: string): Promise<boolean>;
  /** Whether there is a client whose policy allows it. */
  hasDirectSignIn(): Promise<boolean>;
  /** Whether a client has a redirect URI of this origin (RFC 6454). */
  hasOrigin(origin: string): Promise<boolean>;
  /** Also deletes the consents given to it. @returns false when there is no such client. */
  delete(clientId: string): Promise<boolean>;
  /** Ids of those that were made for demonstration. */
  listDemonstration(): Promise<string[]>;
  /** @returns how many were deleted, with the consents given to them. */
  deleteDemonstration(): Promise<number>;
}
