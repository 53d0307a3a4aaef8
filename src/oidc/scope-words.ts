/** What a scope or claim lets an application do, as a phrase after "This application will …". */
export interface ScopeGroup {
  readonly title: string;
  readonly items: readonly string[];
}

const GROUPS: readonly { title: string; words: Readonly<Record<string, string>> }[] = [
  {
    title: "Your identity",
    words: {
      openid: "Know who you are when you sign in",
      profile: "See your profile: name, username, picture, birthday, language and time zone",
    },
  },
  {
    title: "Contact",
    words: {
      email: "See your email address",
      phone: "See your phone number",
      address: "See your postal address",
    },
  },
];

/** `offline_access` is told apart on the page, since it is about time and not about data. */
export function describeScopes(scopes: readonly string[], claims: readonly string[]): ScopeGroup[] {
  const groups = GROUPS.map(({ title, words }) => ({
    title,
    items: scopes.flatMap((scope) => words[scope] ?? []),
  }));
  groups.push({
    title: "Single details",
    items: claims.map((claim) => `See your ${claim.replaceAll("_", " ")}`),
  });
  return groups.filter((group) => group.items.length > 0);
}
