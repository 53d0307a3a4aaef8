import { describeRefusal } from "../../src/http/federation/refusal-words.js";
import type { ProviderButton } from "../../src/http/federation/ways-in.js";
import { PASSKEY_PROMPT } from "./passkey-samples.js";
import type { Views } from "../../src/http/views.js";
import { message } from "../../src/lib/message.js";

const requestForm = { action: "/submit", csrfToken: "csrf-1", sealedRequest: "sealed-1" };

export const GITHUB = { href: "/upstream/github", name: "GitHub", icon: "github", isLast: false };
export const CORP = {
  href: "/upstream/corp",
  name: "Example Company",
  icon: undefined,
  isLast: false,
};

/** A picture that an operator gave: a data: URI. */
const PICTURE =
  "data:image/svg+xml;base64," +
  Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><circle cx="10" cy="10" r="9" fill="#b3541e"/></svg>',
  ).toString("base64");

const FIVE: readonly ProviderButton[] = [
  { href: "/upstream/entra", name: "Microsoft", icon: "microsoft", isLast: false },
  { href: "/upstream/google", name: "Google", icon: "google", isLast: false },
  GITHUB,
  { href: "/upstream/discord", name: "Discord", icon: "discord", isLast: false },
  {
    href: "/upstream/uni",
    name: "Landesuniversität für angewandte Wissenschaften",
    icon: PICTURE,
    isLast: false,
  },
];

/** Without providers, as most servers are. */
export const PASSWORD_ALONE = {
  passkey: undefined,
  passkeyError: undefined,
  signUpUrl: "/sign-up",
  resetUrl: "/reset",
  password: true,
  providers: [],
  unfit: [],
} as const;

const login = {
  ...requestForm,
  ...PASSWORD_ALONE,
  clientName: "Example Notes",
  returnHost: "notes.example",
  identifier: "",
  keep: false,
  error: undefined,
  cancelAction: "/cancel",
};

export const LOGIN_STATES: Record<string, Views["login"] & { status?: number }> = {
  passkey: { ...login, passkey: PASSKEY_PROMPT },
  "passkey-and-providers": { ...login, passkey: PASSKEY_PROMPT, providers: [CORP] },
  "passkey-refused": {
    ...login,
    passkey: PASSKEY_PROMPT,
    passkeyError: message("passkeys.refused"),
    status: 422,
  },
  "one-provider": { ...login, providers: [CORP] },
  "five-providers": { ...login, providers: FIVE },
  "last-used": { ...login, providers: [{ ...GITHUB, isLast: true }, CORP] },
  "only-provider": { ...login, action: "", password: false, providers: [CORP] },
  unfit: { ...login, providers: [CORP], unfit: ["GitHub"] },
  "wrong-with-provider": {
    ...login,
    providers: [CORP],
    identifier: "person@example.org",
    error: message("login.refused"),
    status: 422,
  },
};

const link = {
  ...requestForm,
  provider: { name: "GitHub", icon: "github" },
  upstreamName: "ada@example.org",
  email: "ada@example.org",
  hasPassword: true,
  providers: [],
  otherUrl: "/sign-in",
  error: undefined,
};

export const LINK_ACCOUNT_STATES: Record<string, Views["link-account"] & { status?: number }> = {
  password: link,
  wrong: { ...link, error: message("login.wrong-password"), status: 422 },
  provider: {
    ...link,
    action: "",
    csrfToken: "",
    sealedRequest: "",
    hasPassword: false,
    providers: [CORP],
  },
  both: {
    ...link,
    provider: { name: "Landesuniversität für angewandte Wissenschaften", icon: PICTURE },
    upstreamName: "a.very.long.name.of.a.person@departments.university.example.org",
    email: "a.very.long.name.of.a.person@departments.university.example.org",
    providers: [GITHUB, CORP],
  },
};

const refusal = (reason: Parameters<typeof describeRefusal>[0]) => ({
  ...describeRefusal(reason, { providerName: "Example Company", email: "ada@example.org" }),
  errorCode: reason,
  errorDescription: undefined,
  requestId: "01JD9Q6Z8Y3W",
  wayOn: { href: "/sign-in", label: message("login.choose-how") },
  status: 403,
});

export const REFUSAL_STATES: Record<string, Views["error"] & { status?: number }> = {
  "domain-not-allowed": refusal("domain_not_allowed"),
  "not-linked": refusal("not_linked"),
  "not-invited": refusal("not_invited"),
  "account-disabled": refusal("account_disabled"),
  "address-taken": refusal("address_taken"),
};
