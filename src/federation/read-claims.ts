import { MAPPED_CLAIMS, type ClaimMapping, type UpstreamClaimSource } from "./upstream-provider.js";
import type { UpstreamClaims } from "./upstream-identity.js";

/** 1,000 characters: what an account takes over is shown on pages and put into tokens. */
const MAX_TEXT_CHARACTERS = 1000;
/** RFC 5321 §4.5.3.1.3: a path of 256 octets, with its brackets. */
const MAX_EMAIL_CHARACTERS = 254;
const EMAIL = /^[^\s@\p{Cc}]{1,64}@[^\s@\p{Cc}]+$/u;

/** What of a provider's claims an account may take over; whatever is no plain text is left out. */
export function readClaims(said: object, mapping: ClaimMapping): UpstreamClaims {
  const values = Object.fromEntries(
    MAPPED_CLAIMS.map((claim) => [claim, readSource(said, mapping[claim])]),
  );
  const { email, email_verified: emailVerified, preferred_username: username, ...profile } = values;
  const address = toText(email);
  const isAddress =
    address !== undefined && address.length <= MAX_EMAIL_CHARACTERS && EMAIL.test(address);
  return {
    email: isAddress ? address : undefined,
    // "true" and 1 are not what OpenID Connect Core §5.1 says.
    emailVerified: isAddress && emailVerified === true,
    username: toText(username),
    profile: Object.fromEntries(
      Object.entries(profile).flatMap(([claim, value]) => {
        const text = toText(value);
        return text === undefined ? [] : [[claim, text]];
      }),
    ),
  };
}

/** What stands at a path such as `address.country`. */
export function readPath(said: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (value, name) =>
        typeof value === "object" && value !== null && Object.hasOwn(value, name)
          ? Reflect.get(value, name)
          : undefined,
      said,
    );
}

function readSource(said: object, source: UpstreamClaimSource | undefined): unknown {
  if (source === undefined) return undefined;
  return typeof source === "string" ? readPath(said, source) : source.const;
}

function toText(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  return text === "" || text.length > MAX_TEXT_CHARACTERS || /\p{Cc}/u.test(text)
    ? undefined
    : text;
}
