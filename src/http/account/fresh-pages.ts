/**
 * Pages that open only after a fresh sign-in; `purpose` is the key of what stands in the place of
 * `purpose` in `account.confirm-why`. A page like that is a row here, and asks
 * `AccountActs.requireFresh` first.
 */
export const FRESH_PAGES = {
  "second-step": {
    path: "/account/second-step/set-up",
    purpose: "second-step.act-set-up",
  },
  "recovery-codes": {
    path: "/account/second-step/new-codes",
    purpose: "second-step.act-codes",
  },
  password: { path: "/account/password", purpose: "account.act-choose-password" },
  "new-passkey": { path: "/account/passkeys/new", purpose: "passkeys.act-add" },
  email: { path: "/account/email", purpose: "email.act" },
  data: { path: "/account/data", purpose: "deletion.act-export" },
  delete: { path: "/account/data/delete", purpose: "deletion.act-delete" },
} as const;

export type FreshPage = keyof typeof FRESH_PAGES;
