import type { AccountId } from "./account.js";
import { normalizePasskeyName, type NewPasskey, type Passkey } from "./passkey.js";
import { findPasskeyMake } from "./passkey-makes.js";
import type { PasskeyStore } from "./passkey-store.js";
import { verifyNewPasskey, type ExpectedCeremony } from "./passkey-verifier.js";
import { parsePostedCredential } from "./posted-credential.js";

export interface EnrolPasskeyDeps {
  readonly passkeys: Pick<PasskeyStore, "add" | "listOfAccount">;
}

type EnrolmentRefusal =
  | "malformed_passkey"
  | "passkey_not_verified"
  /** Its owner would have to name themselves before it could be used. */
  | "not_discoverable"
  /** Here already, or the account is gone. */
  | "passkey_taken"
  | "too_many_passkeys";

interface Refused {
  readonly outcome: "refused";
  /** For the log. */
  readonly reason: EnrolmentRefusal;
  readonly detail?: string;
}

export type ReadPasskeyResult =
  | { readonly outcome: "read"; readonly passkey: NewPasskey }
  | Refused;
export type EnrolPasskeyResult =
  | { readonly outcome: "enrolled"; readonly passkey: NewPasskey }
  | Refused;

export interface PostedPasskey {
  /** As posted. */
  readonly credential: string;
  readonly expected: ExpectedCeremony;
  /** That the options of this ceremony named. */
  readonly userHandle: string;
  /** Of the device; the name where the make of the authenticator is not known. */
  readonly deviceName: string;
}

/** Adds a passkey to an account whose owner has just proven to be it. */
export type EnrolPasskey = (id: AccountId, posted: PostedPasskey) => Promise<EnrolPasskeyResult>;

/** 20: more than anybody has authenticators; each is named in every enrolment after it. */
const MAX_PASSKEYS = 20;

export function createEnrolPasskey({ passkeys }: EnrolPasskeyDeps): EnrolPasskey {
  return async (id, posted) => {
    const known = await passkeys.listOfAccount(id);
    if (known.length >= MAX_PASSKEYS) return { outcome: "refused", reason: "too_many_passkeys" };
    const read = await readNewPasskey(posted);
    if (read.outcome === "refused") return read;
    const passkey = { ...read.passkey, name: nameApart(read.passkey.name, known) };
    return (await passkeys.add(id, passkey))
      ? { outcome: "enrolled", passkey }
      : { outcome: "refused", reason: "passkey_taken" };
  };
}

/** For an account that is made together with it (`PasskeyStore.createAccount`). */
export async function readNewPasskey(posted: PostedPasskey): Promise<ReadPasskeyResult> {
  const { userHandle, deviceName, expected } = posted;
  const credential = parsePostedCredential(posted.credential);
  if (credential === undefined) return { outcome: "refused", reason: "malformed_passkey" };
  if (credential.isDiscoverable === false) {
    return { outcome: "refused", reason: "not_discoverable" };
  }
  const result = await verifyNewPasskey(credential, expected);
  if (!result.verified) {
    return { outcome: "refused", reason: "passkey_not_verified", detail: result.detail };
  }
  const name = findPasskeyMake(result.fact.aaguid) ?? normalizePasskeyName(deviceName) ?? "Passkey";
  return { outcome: "read", passkey: { ...result.fact, userHandle, name } };
}

/** "Windows Hello 2": the owner has to tell them apart. */
function nameApart(name: string, known: readonly Passkey[]): string {
  const taken = new Set(known.map((passkey) => passkey.name));
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) {
    if (!taken.has(`${name} ${number}`)) return `${name} ${number}`;
  }
}
