/**
 * What a browser is asked for, in the JSON of Web Authentication Level 3 §5.1.10: binary values are
 * base64url.
 */
import type { Account } from "./account.js";
import type { Passkey } from "./passkey.js";

/** 5 min: the longest that §15.1 recommends where the person is verified. */
const CEREMONY_SECONDS = 300;

/** EdDSA, ES256 and RS256 (RFC 9053 §2, RFC 8812 §2): every authenticator knows one of them. */
export const PASSKEY_ALGORITHMS = [-8, -7, -257] as const;

interface CredentialDescriptor {
  readonly type: "public-key";
  readonly id: string;
  readonly transports: readonly string[];
}

export interface PasskeyRequestOptions {
  readonly challenge: string;
  readonly rpId: string;
  readonly timeout: number;
  readonly userVerification: "required";
  /** None: whoever holds a passkey of this server may come forward. */
  readonly allowCredentials: readonly CredentialDescriptor[];
}

/** @param passkeys those that may answer; none: any. */
export function passkeyRequestOptions(
  challenge: string,
  rpId: string,
  passkeys: readonly Passkey[] = [],
): PasskeyRequestOptions {
  return {
    challenge,
    rpId,
    timeout: CEREMONY_SECONDS * 1000,
    userVerification: "required",
    allowCredentials: passkeys.map(toDescriptor),
  };
}

export interface NewPasskeyFacts {
  readonly challenge: string;
  readonly rp: { readonly id: string; readonly name: string };
  readonly userHandle: string;
  /** By which its owner tells it from passkeys of their other accounts here. */
  readonly user: { readonly name: string; readonly displayName: string };
  /** Those that the account has: their authenticators make no second one. */
  readonly passkeys: readonly Passkey[];
}

export type PasskeyCreationOptions = ReturnType<typeof passkeyCreationOptions>;

export function passkeyCreationOptions(facts: NewPasskeyFacts) {
  return {
    challenge: facts.challenge,
    rp: facts.rp,
    user: { id: facts.userHandle, ...facts.user },
    pubKeyCredParams: PASSKEY_ALGORITHMS.map((alg) => ({ type: "public-key", alg }) as const),
    timeout: CEREMONY_SECONDS * 1000,
    excludeCredentials: facts.passkeys.map(toDescriptor),
    // Found by the authenticator alone, so that nobody has to type a name; `require…` for Level 1.
    authenticatorSelection: {
      residentKey: "required",
      requireResidentKey: true,
      userVerification: "required",
    },
    // Who made an authenticator decides nothing here.
    attestation: "none",
    extensions: { credProps: true },
  } as const;
}

/** What passkey managers show beside the account. */
export function passkeyUser({ username, email, profile }: Account) {
  const name = email ?? username;
  return { name, displayName: profile.name ?? name };
}

function toDescriptor({ credentialId, transports }: Passkey): CredentialDescriptor {
  return { type: "public-key", id: credentialId, transports };
}
