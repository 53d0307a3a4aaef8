import type { Knex } from "knex";
import type { WaysIn } from "../accounts/federated-identity-store.js";
import type { UpstreamSubject } from "../accounts/federated-identity.js";

/** What is about to be taken away. */
export type TakenWay = { readonly identity: UpstreamSubject } | { readonly credentialId: string };

/**
 * First step of a transaction that takes a way in away from an account: a write, so that whoever else
 * takes one away waits here.
 */
export async function lockWaysIn(
  transaction: Knex.Transaction,
  id: string,
  nowSeconds: number,
): Promise<void> {
  await transaction("account").where({ id }).update({ updated_at: nowSeconds });
}

/** Whether anything else of `waysIn` remains to sign in with. */
// oxlint-disable-next-line max-params -- reads as "has the account another of these ways than that"
export async function hasOtherWayIn(
  transaction: Knex.Transaction,
  id: string,
  waysIn: WaysIn,
  taken: TakenWay,
): Promise<boolean> {
  const identity = "identity" in taken ? taken.identity : undefined;
  const identities = await transaction("federated_identity").where({ account_id: id });
  const usable = identities.filter(
    ({ issuer, subject }) =>
      waysIn.issuers.includes(issuer) &&
      !(issuer === identity?.issuer && subject === identity.subject),
  );
  if (usable.length > 0) return true;
  if (
    waysIn.password &&
    (await has(transaction("password_credential").where({ account_id: id })))
  ) {
    return true;
  }
  const passkeys = transaction("passkey").where({ account_id: id });
  if ("credentialId" in taken) void passkeys.whereNot({ credential_id: taken.credentialId });
  return waysIn.passkeys && has(passkeys);
}

async function has(query: Knex.QueryBuilder): Promise<boolean> {
  return (await query.first("account_id")) !== undefined;
}
