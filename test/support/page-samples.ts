import type { ViewName, Views } from "../../src/http/views.js";
import { ACCOUNT_STATES } from "./account-samples.js";
import {
  LINK_ACCOUNT_STATES,
  LOGIN_STATES,
  PASSWORD_ALONE,
  REFUSAL_STATES,
} from "./federation-samples.js";
import { JOURNEY_STATES } from "./journey-samples.js";
import { WAIT_OVER } from "./wait-over.js";
import { OUTBOX_STATES } from "./outbox-samples.js";
import { SECOND_STEP_STATES } from "./second-step-samples.js";
import { PASSKEY_OFFER_STATES } from "./passkey-samples.js";
import { PLAYGROUND_STATES } from "./playground-samples.js";
import { message } from "../../src/lib/message.js";
import { describeScopes } from "../../src/oidc/scope-words.js";

/** One state of one page, as a person may meet it. */
export interface PageSample<V extends ViewName = ViewName> {
  readonly view: V;
  /** Names the screenshot. */
  readonly state: string;
  readonly status: number;
  readonly data: Views[V];
}

const requestForm = { action: "/submit", csrfToken: "csrf-1", sealedRequest: "sealed-1" };
const requestId = "01JD9Q6Z8Y3W";
const host = "id.example.org";

const REQUESTED_AT = message("common.ago", {
  when: { atSeconds: 1_795_356_300, show: "date-time" },
});

/** In the page: nobody serves the logos of samples. */
const CLIENT_LOGO = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48"><rect width="48" height="48" rx="10" fill="#7c3aed"/></svg>',
)}`;

const signedOut = {
  stayed: false,
  effects: { told: [], untold: [], offline: [] },
  stillHere: [],
  accountUrl: "/account",
  clientName: undefined,
  clientUri: undefined,
} as const;

/** Every view must have a row; every state that a template tells apart should have one. */
const STATES: { readonly [V in ViewName]: Record<string, Views[V] & { status?: number }> } = {
  ...PLAYGROUND_STATES,
  ...ACCOUNT_STATES,
  ...JOURNEY_STATES,
  ...OUTBOX_STATES,
  ...SECOND_STEP_STATES,
  "passkey-offer": PASSKEY_OFFER_STATES,
  login: {
    first: {
      ...requestForm,
      ...PASSWORD_ALONE,
      clientName: "Example Notes",
      returnHost: "notes.example",
      identifier: "",
      keep: false,
      error: undefined,
      cancelAction: "/cancel",
    },
    known: {
      ...requestForm,
      ...PASSWORD_ALONE,
      clientName: "Example Notes",
      returnHost: undefined,
      identifier: "person@example.org",
      keep: false,
      error: undefined,
      cancelAction: "/cancel",
    },
    wrong: {
      ...requestForm,
      ...PASSWORD_ALONE,
      clientName: "Example Notes",
      returnHost: "notes.example",
      identifier: "person@example.org",
      keep: true,
      error: message("login.refused"),
      cancelAction: "/cancel",
      status: 401,
    },
    limited: {
      ...requestForm,
      ...PASSWORD_ALONE,
      clientName: "Example Notes",
      returnHost: "notes.example",
      identifier: "person@example.org",
      keep: true,
      error: message("limits.wrong-minute", { n: 5, at: WAIT_OVER }),
      resetUrl: "/reset",
      cancelAction: "/cancel",
      status: 429,
    },
    empty: {
      ...requestForm,
      ...PASSWORD_ALONE,
      clientName: "Example Notes",
      returnHost: "notes.example",
      identifier: "",
      keep: false,
      error: message("login.refused"),
      cancelAction: "/cancel",
      status: 400,
    },
    long: {
      ...requestForm,
      ...PASSWORD_ALONE,
      clientName: "Überregionales Reimbursement & Business Travel Portal",
      returnHost: "reimbursement-and-business-travel.portal.internal.example",
      identifier: "",
      keep: false,
      error: undefined,
      cancelAction: "/cancel",
    },
    ...LOGIN_STATES,
  },
  "link-account": LINK_ACCOUNT_STATES,
  "choose-account": {
    several: {
      ...requestForm,
      clientName: "Example Notes",
      returnHost: "notes.example",
      accounts: [
        { handle: "s1", name: "Ada Example", detail: "ada@example.org", isInUse: true },
        {
          handle: "s2",
          name: "Maximiliane Mustermann-Beispielhausen",
          detail: "maximiliane.mustermann-beispielhausen@subsidiary.example.org",
          isInUse: false,
        },
      ],
      otherUrl: "/other",
      cancelAction: "/cancel",
    },
  },
  consent: {
    verified: {
      ...requestForm,
      client: {
        name: "Example Notes",
        logoUrl: CLIENT_LOGO,
        host: "notes.example",
        unverified: false,
        policyUri: "https://notes.example/privacy",
        tosUri: "https://notes.example/terms",
      },
      account: { name: "Demo Person", email: "person@example.org" },
      groups: [
        ...describeScopes(["openid", "profile", "email", "phone"], ["phone_number_verified"]),
      ],
      resources: [],
      offline: false,
      returnHost: "notes.example",
      switchAccountAction: "/switch",
    },
    unverified: {
      ...requestForm,
      client: {
        name: "Inbox Helper",
        host: "helper.example",
        unverified: true,
        uri: "https://helper.example",
        policyUri: "http://helper.example/privacy",
      },
      account: { name: "Demo Person", email: undefined },
      groups: describeScopes(["openid"], []),
      resources: [{ name: "Expenses API", items: ["Read your expense reports", "File new ones"] }],
      offline: true,
      returnHost: "helper.example",
      switchAccountAction: "/switch",
    },
    bare: {
      ...requestForm,
      client: { name: "Status Page", host: undefined, unverified: false },
      account: { name: "person", email: undefined },
      groups: [],
      resources: [],
      offline: false,
      returnHost: undefined,
      switchAccountAction: "/switch",
    },
  },
  logout: {
    asked: {
      action: "/submit",
      xsrf: "xsrf-1",
      clientName: "Example Notes",
      account: "person@example.org",
    },
    bare: { action: "/submit", xsrf: "xsrf-1", clientName: undefined, account: undefined },
  },
  "signed-out": {
    full: {
      ...signedOut,
      effects: {
        told: ["Example Notes", "Example Payroll"],
        untold: ["Team Wiki"],
        offline: ["Überregionales Reimbursement & Business Travel Portal"],
      },
      stillHere: ["Maximiliane Mustermann-Beispielhausen"],
    },
    back: { ...signedOut, clientName: "Example Notes", clientUri: "https://notes.example" },
    bare: signedOut,
    stayed: { ...signedOut, stayed: true, clientName: "Example Notes" },
  },
  "sign-out-elsewhere": {
    leaving: { displayName: "Example Directory", url: "https://login.example/logout" },
  },
  "device-code": {
    first: { action: "/submit", xsrf: "xsrf-1", userCode: "", error: undefined },
    wrong: {
      action: "/submit",
      xsrf: "xsrf-1",
      userCode: "WDJB-MJH",
      error: message("device.problem-unknown"),
      status: 400,
    },
  },
  "device-confirm": {
    full: {
      action: "/submit",
      xsrf: "xsrf-1",
      userCode: "WDJB-MJHT",
      clientName: "Example TV",
      ipAddress: "203.0.113.42",
      userAgent: "ExampleTelevision/7.0 (Linux; 4K) ExampleEngine/537.36 ExampleBrowser/108.0",
      requestedAt: REQUESTED_AT,
      scopes: describeScopes(["openid", "profile"], []).flatMap(({ items }) => items),
    },
    bare: {
      action: "/submit",
      xsrf: "xsrf-1",
      userCode: "WDJB-MJHT",
      clientName: "backup-cli",
      ipAddress: "2001:db8:85a3:8d3:1319:8a2e:370:7348",
      userAgent: "backup-cli/2.4.1",
      requestedAt: REQUESTED_AT,
      scopes: [],
    },
  },
  "device-done": {
    connected: { clientName: "Example TV", outcome: "connected" },
    refused: { clientName: "Example TV", outcome: "refused" },
    "refused-unknown": { clientName: undefined, outcome: "refused" },
  },
  error: {
    ...REFUSAL_STATES,
    protocol: {
      heading: message("errors.return"),
      explanation: message("errors.return-why"),
      errorCode: "invalid_redirect_uri",
      errorDescription: "redirect_uri did not match any of the client's registered redirect_uris",
      requestId,
      wayOn: { href: "/", label: message("common.to-start-page") },
      status: 400,
    },
    bare: {
      heading: message("errors.no-page"),
      explanation: message("errors.no-page-why"),
      errorCode: undefined,
      errorDescription: undefined,
      requestId,
      wayOn: undefined,
      status: 404,
    },
  },
  "interaction-ended": {
    lost: { requestId, status: 410 },
  },
  "already-signed-in": {
    back: {
      account: "person@example.org",
      clientName: "Example Notes",
      continueAction: "/continue",
      sealedRequest: "sealed-1",
    },
  },
  "cookies-blocked": { blocked: { host, testUrl: "/cookies/test", status: 400 } },
  "too-many-attempts": {
    form: {
      status: 429,
      wait: message("limits.many-minute", { n: 5, at: WAIT_OVER }),
      retryUrl: undefined,
    },
    link: {
      status: 429,
      wait: message("limits.many-second", { n: 30, at: WAIT_OVER }),
      retryUrl: "/device",
    },
  },
  overloaded: {
    link: { retryAfterSeconds: 5, retryUrl: "/authorize?client_id=notes", status: 503 },
    bare: { retryAfterSeconds: 1, status: 503 },
  },
  home: {
    production: {
      issuer: `https://${host}`,
      discoveryUrl: `https://${host}/.well-known/openid-configuration`,
      developmentMode: false,
      accountUrl: "/account",
      deviceUrl: "/device",
    },
    development: {
      issuer: "http://localhost:3000",
      discoveryUrl: "http://localhost:3000/.well-known/openid-configuration",
      developmentMode: true,
      playgroundUrl: "/playground",
      accountUrl: "/account",
      deviceUrl: "/device",
    },
  },
};

export const PAGE_SAMPLES: readonly PageSample[] = Object.entries(STATES).flatMap(
  ([view, states]) =>
    Object.entries(states).map(([state, { status = 200, ...data }]) => {
      // The table above ties each view to its data; `Object.entries` forgets it.
      return { view, state, status, data } as unknown as PageSample;
    }),
);
