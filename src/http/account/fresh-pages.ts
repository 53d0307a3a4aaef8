/**
 * Pages that open only after a fresh sign-in; `purpose` is the key of what stands in the place of `purpose` in `account.confirm-why`. A page
 * like that is a row here, and asks `AccountActs.requireFresh` first.
 */
export const FRESH_PAGES = {
  password: { path: "/account/password", purpose: "account.act-choose-password" },
  "new-passkey": { path: "/account/passkeys/new", purpose: "passkeys.act-add" },
} as const;

export type FreshPage = keyof typeof FRESH_PAGES;
