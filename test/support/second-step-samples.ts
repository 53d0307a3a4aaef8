import { message } from "../../src/lib/message.js";
import { qrImage } from "../../src/http/second-step/qr-image.js";
import type { SecondStepViews } from "../../src/http/second-step/second-step-views.js";

const form = { action: "/second-step", csrfToken: "csrf-1", sealedRequest: "sealed-1" };
const person = { name: "Ada Example", detail: "ada@example.com" };

const code = {
  ...form,
  kind: "app",
  why: undefined,
  person,
  recoveryCodesLeft: 8,
  otherKindUrl: "/second-step?kind=recovery",
  passkeyUrl: undefined,
  otherAccountUrl: "/sign-in",
  error: undefined,
} as const;

const uri =
  "otpauth://totp/id.example.org:ada%40example.com?issuer=id.example.org&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30";

const setUp = {
  ...form,
  why: message("second-step.why-client", { clientName: "Payroll" }),
  person,
  secret: "sealed-secret",
  secretText: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP",
  uri,
  qrImage: qrImage(uri),
  replaces: false,
  cancelUrl: "/sign-in",
  error: undefined,
} as const;

const codes = Array.from({ length: 10 }, (_, n) => `k7mq-2vxc-9hf${n + 2 > 9 ? "w" : n + 2}`);

export const SECOND_STEP_STATES: {
  readonly [V in keyof SecondStepViews]: Record<string, SecondStepViews[V] & { status?: number }>;
} = {
  "second-step/code": {
    own: code,
    asked: {
      ...code,
      why: message("second-step.why-request", { clientName: "Payroll" }),
      passkeyUrl: "/sign-in",
    },
    wrong: { ...code, error: message("second-step.wrong-app"), status: 422 },
    "too-many": { ...code, error: message("second-step.too-many", { minutes: 8 }), status: 429 },
    recovery: { ...code, kind: "recovery", otherKindUrl: "/second-step" },
    "recovery-none-left": {
      ...code,
      kind: "recovery",
      otherKindUrl: "/second-step",
      recoveryCodesLeft: 0,
      error: message("second-step.wrong-recovery"),
      status: 422,
    },
  },
  "second-step/passkey": {
    first: {
      why: message("second-step.why-client", { clientName: "Payroll" }),
      person,
      passkeyUrl: "/passkey",
      otherAccountUrl: "/sign-in",
    },
  },
  "second-step/set-up": {
    asked: setUp,
    "of-oneself": { ...setUp, why: undefined, sealedRequest: "", cancelUrl: "/account" },
    another: { ...setUp, why: undefined, sealedRequest: "", replaces: true },
    wrong: { ...setUp, error: message("second-step.wrong-app"), status: 422 },
  },
  "second-step/new-codes": {
    first: { action: "/new-codes", csrfToken: "csrf-1", cancelUrl: "/account" },
  },
  "second-step/recovery-codes": {
    first: { ...form, codes, textUrl: `data:text/plain,${encodeURIComponent(codes.join("\n"))}` },
  },
};
