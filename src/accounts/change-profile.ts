import { message, type Message } from "../lib/message.js";
import type { Account, AccountId } from "./account.js";
import type { AccountStore } from "./account-store.js";
import { checkField, readField, writeField, type ProfileField } from "./profile-fields.js";

/** What a person typed, and what the field showed before they did. */
export interface TypedField {
  readonly field: ProfileField;
  readonly value: string;
  readonly shown: string;
}

export interface ProfileProblem {
  readonly field: ProfileField;
  readonly text: Message;
}

export interface ChangedProfile {
  /** None: all is written; else nothing is. */
  readonly problems: readonly ProfileProblem[];
  readonly changed: readonly ProfileField[];
}

/**
 * Changes the fields that the person changed, and no other: two who change different ones both
 * succeed, and of two who change the same one the later is shown what the first wrote.
 */
export type ChangeProfile = (
  id: AccountId,
  typed: readonly TypedField[],
) => Promise<ChangedProfile>;

export function createChangeProfile({
  accounts,
}: {
  readonly accounts: Pick<AccountStore, "updateProfile">;
}): ChangeProfile {
  return async (id, typed) => {
    const changes = typed.filter(({ value, shown }) => value !== shown);
    const problems: ProfileProblem[] = changes.flatMap(({ field, value }) => {
      const text = checkField(field, value);
      return text === undefined ? [] : [{ field, text }];
    });
    const changed = changes.map(({ field }) => field);
    if (problems.length > 0 || changes.length === 0) return { problems, changed };
    await accounts.updateProfile(id, ({ profile }: Account) => {
      problems.push(...findConflicts(profile, changes));
      if (problems.length > 0) return undefined;
      return changes.reduce((next, { field, value }) => writeField(next, field, value), profile);
    });
    return { problems, changed };
  };
}

function findConflicts(
  profile: Account["profile"],
  changes: readonly TypedField[],
): ProfileProblem[] {
  return changes.flatMap(({ field, value, shown }) => {
    const now = readField(profile, field);
    if (now === shown || now === value) return [];
    const text =
      now === ""
        ? message("profile.taken-away-meanwhile")
        : message("profile.changed-meanwhile", { now });
    return [{ field, text }];
  });
}
