import type { Clock } from "../lib/clock.js";
import { maySignIn, type Account, type AccountId } from "./account.js";
import type { AccountStore } from "./account-store.js";
import type { Passkey } from "./passkey.js";
import type { PasskeyStore } from "./passkey-store.js";
import { verifyPasskeyUse, type ExpectedCeremony } from "./passkey-verifier.js";
import { parsePostedCredential, type PostedCredential } from "./posted-credential.js";

export interface PasskeySignInDeps {
  readonly passkeys: Pick<PasskeyStore, "find" | "recordUse">;
  readonly accounts: Pick<AccountStore, "find">;
  readonly clock: Clock;
}

/** RFC 8176 §2: where the key is, that somebody was there, and that it took them and the device. */
type PasskeyMethods = readonly ["hwk" | "swk", "user", "mfa"];

/** What a passkey proves, whether it was used or has just been made. */
export function methodsOf({ isSynced }: Pick<Passkey, "isSynced">): PasskeyMethods {
  return [isSynced ? "swk" : "hwk", "user", "mfa"];
}

/** For the log only: a person is told the same whatever the reason. */
export type PasskeyRefusal =
  | "malformed_passkey"
  | "unknown_passkey"
  /** It was made for another user than the one whose it is. */
  | "wrong_user_handle"
  /** Of somebody else than who is to prove to be it. */
  | "other_account"
  | "passkey_not_verified"
  /** Perhaps copied. */
  | "counter_not_grown"
  | "disabled";

export type PasskeySignInResult =
  | {
      readonly outcome: "signed_in";
      readonly account: Account;
      readonly amr: PasskeyMethods;
      readonly signedInAtSeconds: number;
    }
  | {
      readonly outcome: "refused";
      readonly reason: PasskeyRefusal;
      readonly detail?: string;
      readonly accountId?: AccountId;
      /** The id of a passkey that is not here. */
      readonly unknown?: string;
    };

export interface PasskeyProof {
  /** As posted. */
  readonly credential: string;
  readonly expected: ExpectedCeremony;
  /** Who is known already and only proves it; undefined: whoever has a passkey. */
  readonly accountId?: AccountId | undefined;
}

/** Verifies that the owner of a passkey is here. */
export type PasskeySignIn = (proof: PasskeyProof) => Promise<PasskeySignInResult>;

export function createPasskeySignIn({
  passkeys,
  accounts,
  clock,
}: PasskeySignInDeps): PasskeySignIn {
  return async ({ credential, expected, accountId }) => {
    const signedInAtSeconds = clock.nowSeconds();
    const posted = parsePostedCredential(credential);
    if (posted === undefined) return { outcome: "refused", reason: "malformed_passkey" };
    const passkey = await passkeys.find(posted.id);
    if (passkey === undefined) {
      return { outcome: "refused", reason: "unknown_passkey", unknown: posted.id };
    }

    const refuse = (reason: PasskeyRefusal, detail?: string): PasskeySignInResult => ({
      outcome: "refused",
      reason,
      accountId: passkey.accountId,
      ...(detail === undefined ? {} : { detail }),
    });
    const mismatch = findMismatch(posted, passkey, accountId);
    if (mismatch !== undefined) return refuse(mismatch);
    const result = await verifyPasskeyUse(posted, passkey, expected);
    if (!result.verified) return refuse("passkey_not_verified", result.detail);
    const account = await accounts.find(passkey.accountId);
    if (account === undefined || !maySignIn(account)) return refuse("disabled");
    if (!(await passkeys.recordUse(passkey.credentialId, result.fact))) {
      return refuse("counter_not_grown");
    }
    return { outcome: "signed_in", account, amr: methodsOf(passkey), signedInAtSeconds };
  };
}

/** Web Authentication §7.2 step 6: the handle may be left out only where the account was known before. */
function findMismatch(
  { userHandle }: PostedCredential,
  passkey: Passkey,
  accountId: AccountId | undefined,
): PasskeyRefusal | undefined {
  if (accountId === undefined) {
    return userHandle === passkey.userHandle ? undefined : "wrong_user_handle";
  }
  if (passkey.accountId !== accountId) return "other_account";
  const isOther = userHandle !== undefined && userHandle !== passkey.userHandle;
  return isOther ? "wrong_user_handle" : undefined;
}
