import type { Knex } from "knex";
import { normalizeIdentifier, toAccountId, type Account } from "../accounts/account.js";
import type { NewAccount } from "../accounts/account-store.js";
import { IdentifierTakenError } from "../accounts/identifier-taken-error.js";
import { parseStoredObject } from "./stored-json.js";
import type { AccountRow } from "./account-tables.js";

/** An account with its names, password and invitation. @throws IdentifierTakenError */
export async function insertAccount(
  transaction: Knex.Transaction,
  { passwordHash, invitedUntilSeconds, ...account }: NewAccount,
  now: number,
): Promise<Account> {
  const row = toRow(account, now);
  await transaction("account").insert(row);
  await insertIdentifiers(transaction, account);
  if (passwordHash !== undefined) {
    const credential = { account_id: account.id, hash: passwordHash, updated_at: now };
    await transaction("password_credential").insert(credential);
  }
  if (invitedUntilSeconds !== undefined) {
    const invitation = { account_id: account.id, created_at: now, expires_at: invitedUntilSeconds };
    await transaction("account_invitation").insert(invitation);
  }
  return toAccount(row);
}

/**
 * Of concurrent accounts with one name, the unique key lets one through. Sorted, so that two accounts
 * whose names cross never wait for each other.
 */
export async function insertIdentifiers(
  transaction: Knex.Transaction,
  { id, username, email }: Pick<Account, "id" | "username" | "email">,
): Promise<void> {
  const typed = new Map(
    [username, ...(email === undefined ? [] : [email])].map((name) => [
      normalizeIdentifier(name),
      name,
    ]),
  );
  const inserted = await transaction("account_identifier")
    .insert([...typed.keys()].toSorted().map((identifier) => ({ identifier, account_id: id })))
    .onConflict("identifier")
    .ignore()
    .returning("identifier");
  for (const { identifier } of inserted) typed.delete(identifier);
  for (const taken of typed.values()) throw new IdentifierTakenError(taken);
}

function toRow(
  account: Omit<NewAccount, "passwordHash" | "invitedUntilSeconds">,
  now: number,
): AccountRow {
  return {
    id: account.id,
    username: account.username,
    email: account.email ?? null,
    email_verified: account.emailVerified,
    profile: JSON.stringify(account.profile),
    disabled: false,
    demonstration: account.demonstration,
    terms_version: account.terms?.version ?? null,
    terms_accepted_at: account.terms?.acceptedAtSeconds ?? null,
    created_at: now,
    updated_at: now,
    deletion_due_at: null,
    deletion_claim: null,
    deletion_lease_until: null,
  };
}

function termsOf({ terms_version: version, terms_accepted_at: acceptedAtSeconds }: AccountRow) {
  return version === null || acceptedAtSeconds === null
    ? {}
    : { terms: { version, acceptedAtSeconds } };
}

export function toAccount(row: AccountRow): Account {
  const profile: object = parseStoredObject(row.profile, "account.profile");
  return {
    id: toAccountId(row.id),
    username: row.username,
    email: row.email ?? undefined,
    emailVerified: Boolean(row.email_verified),
    profile,
    disabled: Boolean(row.disabled) || row.deletion_due_at !== null,
    ...(row.deletion_due_at === null || Boolean(row.disabled)
      ? {}
      : { deletionDueAtSeconds: row.deletion_due_at }),
    demonstration: Boolean(row.demonstration),
    ...termsOf(row),
    createdAtSeconds: row.created_at,
    updatedAtSeconds: row.updated_at,
  };
}
