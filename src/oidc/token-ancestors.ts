import { hash } from "node:crypto";
import type { AccessToken, ClientCredentials, Provider } from "oidc-provider";
import type { Sealer } from "../lib/seal.js";
import type { AddAccessTokenClaims } from "./access-token-claims.js";

/** What a token stands on: with the end of any of it, it ends. */
export interface TokenReference {
  /** The `jti` of a JWT; of an opaque token `jtiOfOpaque`. */
  readonly jti: string;
  /** Where an opaque token is kept: gone is revoked. */
  readonly stored?: { readonly model: "AccessToken" | "ClientCredentials"; readonly id: string };
  readonly clientId: string;
  readonly issuedAtSeconds: number;
  readonly expiresAtSeconds: number;
  readonly accountId?: string;
  readonly grantId?: string;
  /** Of the session that it ends with. */
  readonly sessionUid?: string;
}

/** A token that an exchanged token came from, and with whose end it ends. */
export interface TokenAncestor extends TokenReference {
  readonly role: "subject" | "actor";
}

/** By which an opaque token is revoked for those that were exchanged for it. */
export function jtiOfOpaque(token: string): string {
  return hash("sha256", token, "base64url");
}

/** Members of a JWT and of a stored token. */
const CLAIM = "ancestors";

/**
 * The tokens that a token was exchanged for, from the first on. A JWT carries them sealed, since an
 * API has no business with ids of tokens and grants; an opaque token has them in its record.
 */
export interface TokenAncestors {
  /** Lets the library keep them with an opaque token. */
  keepIn(provider: Provider): void;
  set(token: AccessToken, ancestors: readonly TokenAncestor[]): void;
  /** @returns none for a token that was not exchanged. */
  of(token: AccessToken | ClientCredentials): readonly TokenAncestor[];
  readonly claims: AddAccessTokenClaims;
  /** @returns undefined when there are some that this server cannot read: the token is not alive. */
  open(payload: Readonly<Record<string, unknown>>): readonly TokenAncestor[] | undefined;
}

export function createTokenAncestors(sealer: Sealer): TokenAncestors {
  function ofToken(token: object): readonly TokenAncestor[] {
    const kept: unknown = Reflect.get(token, CLAIM);
    if (kept === undefined) return [];
    const ancestors = parseAncestors(kept);
    if (ancestors === undefined) throw new TypeError("a token has ancestors of another kind");
    return ancestors;
  }

  return {
    keepIn({ AccessToken: model }) {
      const names: unknown = Reflect.get(model, "IN_PAYLOAD");
      if (!Array.isArray(names)) throw new TypeError("the library's tokens name no members");
      Object.defineProperty(model, "IN_PAYLOAD", { get: () => [...names, CLAIM] });
    },
    set(token, ancestors) {
      Reflect.set(token, CLAIM, ancestors);
    },
    of: ofToken,
    claims({ token, claims }) {
      const ancestors = ofToken(token);
      if (ancestors.length === 0) return {};
      return { [CLAIM]: sealer.seal(JSON.stringify(ancestors), String(claims["jti"])) };
    },
    open(payload) {
      const sealed = payload[CLAIM];
      if (sealed === undefined) return [];
      if (typeof sealed !== "string") return undefined;
      const opened = sealer.open(sealed, String(payload["jti"]));
      return opened === undefined ? undefined : parseAncestors(JSON.parse(opened));
    },
  };
}

function parseAncestors(value: unknown): readonly TokenAncestor[] | undefined {
  return Array.isArray(value) && value.every(isAncestor) ? value : undefined;
}

function isAncestor(value: unknown): value is TokenAncestor {
  if (typeof value !== "object" || value === null) return false;
  const { role, jti, clientId, issuedAtSeconds, expiresAtSeconds }: Record<string, unknown> = {
    ...value,
  };
  return (
    (role === "subject" || role === "actor") &&
    typeof jti === "string" &&
    typeof clientId === "string" &&
    typeof issuedAtSeconds === "number" &&
    typeof expiresAtSeconds === "number"
  );
}
