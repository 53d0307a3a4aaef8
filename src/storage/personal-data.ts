/**
 * What is kept of a person, by table: each column is handed out or has a reason why not. A test walks
 * the schema and fails for one that is missing here.
 */
export interface PersonalTable {
  /** By which a row belongs to an account. */
  readonly owner: string;
  readonly handedOut: readonly string[];
  /** Why other columns stay here. */
  readonly withheld: Readonly<Record<string, string>>;
}

const SECRET = "a secret, or made of one";
const INNER = "means nothing outside of this server";
const OWNER = "the account itself, named at the top";

export const PERSONAL_DATA: Readonly<Record<string, PersonalTable>> = {
  account: {
    owner: "id",
    handedOut: [
      "id",
      "username",
      "email",
      "email_verified",
      "profile",
      "disabled",
      "created_at",
      "updated_at",
      "terms_version",
      "terms_accepted_at",
      "deletion_due_at",
    ],
    withheld: { demonstration: INNER, deletion_claim: INNER, deletion_lease_until: INNER },
  },
  account_identifier: {
    owner: "account_id",
    handedOut: ["identifier"],
    withheld: { account_id: OWNER },
  },
  account_invitation: {
    owner: "account_id",
    handedOut: ["created_at", "expires_at"],
    withheld: { account_id: OWNER },
  },
  password_credential: {
    owner: "account_id",
    handedOut: ["updated_at"],
    withheld: { account_id: OWNER, hash: SECRET },
  },
  passkey: {
    owner: "account_id",
    handedOut: [
      "name",
      "credential_id",
      "transports",
      "aaguid",
      "synced",
      "backed_up",
      "created_at",
      "last_used_at",
    ],
    withheld: { account_id: OWNER, user_handle: INNER, public_key: INNER, counter: INNER },
  },
  totp_authenticator: {
    owner: "account_id",
    handedOut: ["created_at"],
    withheld: {
      account_id: OWNER,
      sealed_secret: SECRET,
      last_used_step: INNER,
      wrong_codes: INNER,
      refused_until: INNER,
    },
  },
  recovery_code: {
    owner: "account_id",
    handedOut: ["position", "used_at", "created_at"],
    withheld: { account_id: OWNER, sealed_hash: SECRET },
  },
  federated_identity: {
    owner: "account_id",
    handedOut: ["issuer", "subject", "provider", "display", "linked_at", "last_used_at"],
    withheld: { account_id: OWNER },
  },
  consent: {
    owner: "account_id",
    handedOut: ["client_id", "resource", "kind", "value", "granted_at"],
    withheld: { account_id: OWNER },
  },
  account_event: {
    owner: "account_id",
    handedOut: ["kind", "about", "user_agent", "network", "count", "began_at", "at", "expires_at"],
    withheld: { account_id: OWNER, id: INNER },
  },
  mail_message: {
    owner: "account_id",
    handedOut: ["template", "state", "requested_at"],
    withheld: {
      account_id: OWNER,
      id: INNER,
      sealed: "holds codes; the mail itself has it",
      failures: INNER,
      reason: INNER,
      useful_until: INNER,
      due_at: INNER,
      claim: INNER,
      expires_at: INNER,
    },
  },
  logout_delivery: {
    owner: "account_id",
    handedOut: ["client_id", "state", "requested_at", "finished_at"],
    withheld: {
      account_id: OWNER,
      id: INNER,
      sid: INNER,
      destination: INNER,
      failures: INNER,
      reason: INNER,
      due_at: INNER,
      claim: INNER,
      expires_at: INNER,
    },
  },
  model: {
    owner: "account_id",
    handedOut: [],
    withheld: {
      model: "sessions and apps are told in words of their own",
      id: SECRET,
      payload: SECRET,
      grant_id: INNER,
      uid: SECRET,
      user_code: SECRET,
      account_id: OWNER,
      client_id: "apps are told in words of their own",
      expires_at: INNER,
      consumed_at: INNER,
      consumed_by: INNER,
    },
  },
};

/** Tables that name an account in another way. */
export const NO_PERSONAL_DATA: Readonly<Record<string, string>> = {
  revocation: "ids of what ended, until its last token has expired",
  session_ending: "ids of what is being ended, until that is done",
  attempt: "keyed hashes of names and networks, for hours",
  one_time_code: "keyed hashes of codes, for minutes",
  upstream_session: "sessions at another provider, by a handle, until they end",
  session_client: "sessions by a handle, until they end",
  status_list_entry: "digests of ids, until the tokens have expired",
  status_list_ancestor: "digests of ids, until the tokens have expired",
};
