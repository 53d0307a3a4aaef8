import type { ModelPayload, StoredSession } from "./model-store.js";

/** A client that a session is shared with. */
export interface SessionClient {
  readonly clientId: string;
  /** The session's name at this client (OpenID Connect Back-Channel Logout 1.0 §2.1). */
  readonly sid: string | undefined;
  readonly grantId: string | undefined;
  /** It has offline access (OpenID Connect Core §11): its grant stays when the session ends. */
  readonly outlivesSession: boolean;
}

/** What a stored session says that somebody has signed in to. */
export interface SessionFacts {
  /** Of its record; it changes at each sign-in. */
  readonly id: string;
  /** Stays the same; told to others only when veiled (`ModelValues`). */
  readonly uid: string;
  readonly accountId: string;
  /** `auth_time`: of the last sign-in. */
  readonly signedInAtSeconds: number;
  /** When it ends unless it is used. */
  readonly expiresAtSeconds: number;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  readonly lastSeenAtSeconds: number;
  readonly network: string | undefined;
  readonly userAgent: string | undefined;
  /** The browser forgets it when it is closed. */
  readonly isTransient: boolean;
  readonly clients: readonly SessionClient[];
}

/** @returns undefined before a sign-in. */
export function readSession({ id, payload }: StoredSession): SessionFacts | undefined {
  const { uid, accountId, loginTs, exp, acr, amr, device, transient } = payload;
  if (typeof uid !== "string" || typeof accountId !== "string") return undefined;
  const signedInAtSeconds = Number(loginTs ?? 0);
  const { seenAtSeconds, network, userAgent }: Record<string, unknown> = { ...Object(device) };
  return {
    id,
    uid,
    accountId,
    signedInAtSeconds,
    expiresAtSeconds: Number(exp ?? 0),
    acr: text(acr),
    amr: Array.isArray(amr) ? amr.filter((method) => typeof method === "string") : [],
    lastSeenAtSeconds: typeof seenAtSeconds === "number" ? seenAtSeconds : signedInAtSeconds,
    network: text(network),
    userAgent: text(userAgent),
    isTransient: transient === true,
    clients: readClients(payload),
  };
}

/** Those that the library only asked about have nothing in it yet. */
export function readClients({ authorizations }: ModelPayload): SessionClient[] {
  return Object.entries({ ...Object(authorizations) }).flatMap(([clientId, authorization]) => {
    const { sid, grantId, persistsLogout }: Record<string, unknown> = { ...Object(authorization) };
    if (typeof sid !== "string" && typeof grantId !== "string") return [];
    const outlivesSession = persistsLogout === true;
    return [{ clientId, sid: text(sid), grantId: text(grantId), outlivesSession }];
  });
}

/** The grants that end with a session. */
export function grantsOf({ clients }: SessionFacts, includingOffline: boolean): string[] {
  return clients.flatMap(({ grantId, outlivesSession }) =>
    grantId !== undefined && (includingOffline || !outlivesSession) ? [grantId] : [],
  );
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function takesPart(session: ModelPayload, clientId: string): boolean {
  return readClients(session).some((client) => client.clientId === clientId);
}
