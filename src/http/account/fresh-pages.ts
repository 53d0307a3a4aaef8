/**
 * Pages that open only after a fresh sign-in; `purpose` stands after "Enter your password to". A page
 * like that is a row here, and asks `AccountActs.requireFresh` first.
 */
export const FRESH_PAGES = {
  password: { path: "/account/password", purpose: "choose a password" },
} as const;

export type FreshPage = keyof typeof FRESH_PAGES;
