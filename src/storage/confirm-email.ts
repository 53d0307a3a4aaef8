import type { Knex } from "knex";
import { normalizeIdentifier, type AccountId } from "../accounts/account.js";
import type { EmailChange } from "../accounts/account-store.js";
import { insertIdentifiers } from "./account-row.js";

/** As `AccountStore.replaceEmail`. @throws IdentifierTakenError */
export async function confirmEmail(
  transaction: Knex.Transaction,
  id: AccountId,
  { from, to, now }: EmailChange & { readonly now: number },
): Promise<boolean> {
  const [row] = await transaction("account")
    .where({ id, email: from ?? null })
    .update({ email: to, email_verified: true, updated_at: now })
    .returning("username");
  if (row === undefined) return false;
  const names = { username: normalizeIdentifier(row.username), to: normalizeIdentifier(to) };
  const former = from === undefined ? undefined : normalizeIdentifier(from);
  if (former === names.to) return true;
  if (former === names.username)
    await transaction("account").where({ id }).update({ username: to });
  if (former !== undefined) {
    await transaction("account_identifier").where({ account_id: id, identifier: former }).delete();
  }
  if (names.to !== names.username) {
    await insertIdentifiers(transaction, { id, username: to, email: to });
  }
  return true;
}
