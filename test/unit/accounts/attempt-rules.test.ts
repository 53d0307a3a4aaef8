import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import {
  createAttemptRules,
  DEFAULT_ATTEMPT_SETTINGS,
  type AttemptKind,
  type AttemptRules,
} from "../../../src/accounts/attempt-rules.js";
import { waitAfter, type AttemptRule } from "../../../src/accounts/attempt-store.js";

const SECURITY = fileURLToPath(new URL("../../../../docs/security.md", import.meta.url));

const KINDS: Record<AttemptKind, string> = {
  password: "passwords",
  second_step: "codes of a second step",
  passkey: "passkeys",
  code: "codes sent by mail",
  mail: "requests that send mail (reset, sign-up, another code)",
  sign_up: "sign-ups",
  user_code: "user codes of devices",
  registration: "registrations of clients",
  client_authentication: "clients that fail to authenticate",
};

const BY: Record<keyof AttemptRules, string> = {
  pair: "name and network",
  subject: "account, address or client",
  network: "network",
  device: "account and known device",
};

const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
] as const;

function length(seconds: number): string {
  const unit = UNITS.find(([size]) => seconds % size === 0);
  return unit === undefined ? `${seconds} s` : `${seconds / unit[0]} ${unit[1]}`;
}

function rowOf(kind: string, by: string, { steps, forgiveSeconds }: AttemptRule): string {
  const waits = steps.map((step) => `${step.failures}: ${length(step.waitSeconds)}`).join(", ");
  return `| ${kind} | ${by} | ${waits} | ${length(forgiveSeconds)} |`;
}

describe("the rules of attempts", () => {
  const rules = createAttemptRules(DEFAULT_ATTEMPT_SETTINGS);

  it("are those that docs/security.md tells of (ASVS 6.1.1)", () => {
    const rows = Object.entries(KINDS).flatMap(([kind, name]) =>
      Object.entries(BY).flatMap(([by, words]) => {
        const rule = rules[kind as AttemptKind][by as keyof AttemptRules];
        return rule === undefined ? [] : [rowOf(name, words, rule)];
      }),
    );
    expect(readFileSync(SECURITY, "utf8")).to.include(rows.join("\n"));
  });

  it("have waits that grow with the failures, whatever an operator sets", () => {
    for (const perAccount of [1, 20, 96]) {
      const set = { perAccountAndNetwork: perAccount, perAccount, perNetwork: 10 };
      for (const [kind, of] of Object.entries(createAttemptRules(set))) {
        for (const by of Object.keys(BY)) {
          const { steps = [] } = of[by as keyof AttemptRules] ?? {};
          const failures = steps.map((step) => step.failures);
          const waits = steps.map((step) => step.waitSeconds);
          const ascending = (numbers: number[]) => numbers.toSorted((a, b) => a - b);
          expect(failures, `${kind} ${by}`).to.deep.equal(ascending([...new Set(failures)]));
          expect(waits, `${kind} ${by}`).to.deep.equal(ascending(waits));
        }
      }
    }
  });

  it("leave a stranger one guess a day after 100 failures in a row (NIST SP 800-63B-4 §3.2.2)", () => {
    for (const kind of ["password", "second_step"] as const) {
      for (const rule of [rules[kind].subject, rules[kind].device]) {
        expect(rule && waitAfter(100, rule)).to.equal(86_400);
      }
    }
  });
});
