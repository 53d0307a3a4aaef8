import { expect } from "chai";
import { FEDERATED_ACR } from "../../../src/federation/map-authentication.js";
import {
  MULTI_FACTOR_ACR as MFA,
  PASSWORD_ACR as PWD,
  PHISHING_RESISTANT_ACR as PHR,
} from "../../../src/oidc/authentication-context.js";
import type { AuthenticationDemand } from "../../../src/oidc/authentication-demand.js";
import { decideNextStep, type Factors, type NextStep } from "../../../src/oidc/next-step.js";

const FEDERATED = FEDERATED_ACR;
const OTHER = "urn:example:other";

const HAS = {
  nothing: { authenticator: false, passkey: false },
  app: { authenticator: true, passkey: false },
  passkey: { authenticator: false, passkey: true },
  both: { authenticator: true, passkey: true },
} satisfies Record<string, Factors>;

const NOTHING: AuthenticationDemand = { anyOf: [], secondStep: undefined };
const DEMAND = {
  nothing: NOTHING,
  operator: { ...NOTHING, secondStep: "operator" },
  client: { ...NOTHING, secondStep: "client" },
  pwd: { ...NOTHING, anyOf: [PWD] },
  mfa: { ...NOTHING, anyOf: [MFA] },
  phr: { ...NOTHING, anyOf: [PHR] },
  "mfa or phr": { ...NOTHING, anyOf: [MFA, PHR] },
  unknown: { ...NOTHING, anyOf: [OTHER] },
  federated: { ...NOTHING, anyOf: [FEDERATED] },
  "federated, by client": { anyOf: [FEDERATED], secondStep: "client" },
} satisfies Record<string, AuthenticationDemand>;

type Row = readonly [
  acr: string | undefined,
  has: keyof typeof HAS,
  demand: keyof typeof DEMAND,
  next: NextStep,
  /** Where the sign-in is too old to set anything up. */
  withoutSetUp?: NextStep,
];

// What was proven, what the account has, what is asked for, and what comes next.
const TABLE: readonly Row[] = [
  [PWD, "nothing", "nothing", "done"],
  [PWD, "passkey", "nothing", "done"],
  [PWD, "app", "nothing", "second_step"],
  [PWD, "both", "nothing", "second_step"],
  [PWD, "app", "pwd", "second_step"],
  [MFA, "app", "nothing", "done"],
  [PHR, "both", "nothing", "done"],
  [FEDERATED, "nothing", "nothing", "done"],
  [FEDERATED, "app", "nothing", "done"],
  [undefined, "app", "nothing", "second_step"],

  [PWD, "nothing", "operator", "set_up", "unmet"],
  [PWD, "app", "operator", "second_step"],
  [PWD, "passkey", "operator", "second_step"],
  [FEDERATED, "nothing", "client", "set_up", "unmet"],
  [FEDERATED, "app", "client", "second_step"],
  [FEDERATED, "passkey", "client", "second_step"],
  [MFA, "app", "operator", "done"],
  [PHR, "passkey", "client", "done"],

  [PWD, "nothing", "pwd", "done"],
  [FEDERATED, "nothing", "pwd", "set_up", "unmet"],
  [FEDERATED, "app", "pwd", "second_step"],
  [PWD, "nothing", "mfa", "set_up", "unmet"],
  [PWD, "app", "mfa", "second_step"],
  [PWD, "passkey", "mfa", "second_step"],
  [MFA, "app", "mfa", "done"],
  [PHR, "passkey", "mfa", "done"],

  [PWD, "nothing", "phr", "unmet"],
  [PWD, "app", "phr", "unmet"],
  [PWD, "passkey", "phr", "second_step"],
  [MFA, "app", "phr", "unmet"],
  [MFA, "both", "phr", "second_step"],
  [PHR, "both", "phr", "done"],
  [PWD, "app", "mfa or phr", "second_step"],
  [MFA, "app", "mfa or phr", "done"],

  [PWD, "both", "unknown", "unmet"],
  [PHR, "both", "unknown", "unmet"],
  [OTHER, "nothing", "unknown", "done"],
  [FEDERATED, "app", "federated", "done"],
  [PWD, "both", "federated", "unmet"],
  // A class of another provider and a second step: no sign-in is both.
  [FEDERATED, "both", "federated, by client", "unmet"],
];

describe("decideNextStep", () => {
  for (const [acr, has, demand, next, withoutSetUp = next] of TABLE) {
    const title = `${acr ?? "nothing"} of an account with ${has}, where ${demand} is asked for`;
    it(`${title}: ${next}${withoutSetUp === next ? "" : `, or ${withoutSetUp}`} (RFC 9470 §4, OpenID Connect Core §5.5.1.1)`, () => {
      const proven = { acr, isFederated: acr === FEDERATED, has: HAS[has] };
      const decide = (maySetUp: boolean) => decideNextStep(proven, DEMAND[demand], { maySetUp });
      expect([decide(true), decide(false)]).to.deep.equal([next, withoutSetUp]);
    });
  }
});
