import { message } from "../../src/lib/message.js";
import type { PasskeyOfferView, PasskeyPrompt } from "../../src/http/passkeys/passkey-prompt.js";
import type { PasskeyViews } from "../../src/http/account/passkey-views.js";

/** Of no use to a browser: the pages are drawn without it. */
export const PASSKEY_PROMPT: PasskeyPrompt = {
  action: "/passkey",
  challenge: "challenge-1",
  options: "{}",
};

/** 3 November 2026. */
const AUTUMN = { date: { atSeconds: 1_793_664_000, show: "date" } } as const;

/** Around a page that belongs to security. */
export const SECURITY_FRAME = {
  csrfToken: "csrf-1",
  person: { name: "Ada Example", detail: "ada@example.org" },
  base: "/account",
  isOneOfSeveral: false,
  notice: undefined,
  page: "security",
  pages: [
    { href: "/account/security", label: message("account-pages.security"), isCurrent: true },
    { href: "/account/sign-ins", label: message("account-pages.sign-ins"), isCurrent: false },
    { href: "/account/apps", label: message("account-pages.apps"), isCurrent: false },
  ],
};

const list = { ...SECURITY_FRAME, heading: message("passkeys.title"), accepted: "[]" };
const added = message("passkeys.added-on", AUTUMN);

const creation = { ...SECURITY_FRAME, heading: message("passkeys.add"), passkey: PASSKEY_PROMPT };
const naming = {
  ...SECURITY_FRAME,
  heading: message("passkeys.rename-heading"),
  credentialId: "passkey-1",
};

/** The states of the offer after a sign-in. */
export const PASSKEY_OFFER_STATES: Record<string, PasskeyOfferView & { status?: number }> = {
  first: {
    csrfToken: "csrf-1",
    passkey: PASSKEY_PROMPT,
    laterUrl: "/auth/uid-1",
    isRefused: false,
  },
  refused: {
    csrfToken: "csrf-1",
    passkey: PASSKEY_PROMPT,
    laterUrl: "/auth/uid-1",
    isRefused: true,
    status: 422,
  },
};

/** The states of the pages about passkeys; see `page-samples.ts`. */
export const PASSKEY_STATES: {
  readonly [V in keyof PasskeyViews]: Record<string, PasskeyViews[V] & { status?: number }>;
} = {
  "account/passkeys": {
    several: {
      ...list,
      notice: message("passkeys.added", { name: "Google Password Manager" }),
      passkeys: [
        {
          credentialId: "passkey-1",
          name: "Google Password Manager",
          facts: [message("passkeys.synced"), added, message("passkeys.used-on", AUTUMN)],
          isOnlyWay: false,
        },
        {
          credentialId: "passkey-2",
          name: "The key on my desk, which has a name as long as a name may be",
          facts: [message("passkeys.on-one-device"), added, message("passkeys.never-used")],
          isOnlyWay: false,
        },
      ],
    },
    "only-way": {
      ...list,
      passkeys: [
        {
          credentialId: "passkey-1",
          name: "Windows Hello",
          facts: [message("passkeys.on-one-device"), added, message("passkeys.never-used")],
          isOnlyWay: true,
        },
      ],
    },
    none: { ...list, passkeys: [] },
  },
  "account/passkey-new": {
    first: { ...creation, problems: [] },
    refused: {
      ...creation,
      problems: [{ field: "passkey-button", text: message("passkeys.not-added") }],
      status: 422,
    },
  },
  "account/passkey-name": {
    first: { ...naming, name: "Windows Hello", problems: [] },
    missing: {
      ...naming,
      name: "",
      problems: [{ field: "name", text: message("passkeys.name-missing") }],
      status: 422,
    },
  },
};
