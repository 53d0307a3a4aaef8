/**
 * Codes to type and links to follow that were sent to somebody, and count once (NIST SP 800-63B-4
 * §3.1.3, ASVS 5.0 6.5). Owns how they look and what of them is kept; does not own how they are sent.
 */
import { createHash, randomInt } from "node:crypto";
import type { Clock } from "../lib/clock.js";
import { randomToken } from "../lib/random-token.js";
import type { Mac, Sealer } from "../lib/seal.js";
import type { OneTimeCodeRecord, OneTimeCodeStore } from "./one-time-code-store.js";

export interface OneTimeCodesDeps {
  readonly oneTimeCodeStore: OneTimeCodeStore;
  /** Keys the hashes of codes, which are short enough to be tried one by one. */
  readonly oneTimeCodeMac: Mac;
  readonly oneTimeCodeSealer: Sealer;
  readonly clock: Clock;
}

export interface NewCode {
  /** What it opens: a code counts for nothing else. */
  readonly purpose: string;
  /** Of whom or what it is for, such as an account id or an address in its normalized form. */
  readonly subject: string;
  /** What the one who redeems it gets. Kept encrypted. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly lifetimeSeconds: number;
}

export interface IssuedCode {
  /** Eight digits, to be typed. */
  readonly code: string;
  /** 256 bit in base64url, for a link. */
  readonly token: string;
}

/** What somebody presents: what they typed, in any spelling, or what a link carried. */
export type PresentedCode =
  | { readonly purpose: string; readonly subject: string; readonly code: string }
  | { readonly purpose: string; readonly token: string };

export interface RedeemedCode {
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface OneTimeCodes {
  /** The one before of the same purpose and subject counts no more. */
  issue(code: NewCode): Promise<IssuedCode>;
  /** @returns undefined when one of the same purpose and subject still counts: it goes on to. */
  issueUnlessPending(code: NewCode): Promise<IssuedCode | undefined>;
  /**
   * Of any number of attempts one succeeds. Used, expired, replaced, guessed, of another purpose or
   * subject: undefined. A code can be tried `CODE_TRIES` times, the link goes on to count after that.
   */
  redeem(presented: PresentedCode): Promise<RedeemedCode | undefined>;
  /** What a link would give, for the page with the button that redeems it. */
  find(presented: { purpose: string; token: string }): Promise<RedeemedCode | undefined>;
  /** Whatever was sent counts no more. */
  cancel(name: { readonly purpose: string; readonly subject: string }): Promise<void>;
}

/** 8 digits are 26 bit: ASVS 5.0 6.5.4 asks for 20, together with few tries. */
const CODE_DIGITS = 8;
/** 5: for slips in typing, at a chance of 1 in 20 million to guess one. */
export const CODE_TRIES = 5;

export function createOneTimeCodes(deps: OneTimeCodesDeps): OneTimeCodes {
  const { oneTimeCodeStore: store, oneTimeCodeMac: mac, oneTimeCodeSealer: sealer, clock } = deps;

  function make({ purpose, subject, data = {}, lifetimeSeconds }: NewCode) {
    const code = String(randomInt(10 ** CODE_DIGITS)).padStart(CODE_DIGITS, "0");
    const token = randomToken();
    const name = { purpose, subjectHash: hashOf(subject) };
    const tokenHash = hashOf(token);
    const stored = {
      ...name,
      tokenHash,
      codeHash: mac.sign(codeMessage(name, code)),
      sealedData: sealer.seal(JSON.stringify({ subject, data }), contextOf({ ...name, tokenHash })),
      tries: CODE_TRIES,
      expiresAtSeconds: clock.nowSeconds() + lifetimeSeconds,
    };
    return { issued: { code, token }, stored };
  }

  function open(record: OneTimeCodeRecord | undefined): RedeemedCode | undefined {
    if (record === undefined) return undefined;
    const text = sealer.open(record.sealedData, contextOf(record));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nobody else can seal
    return text === undefined ? undefined : (JSON.parse(text) as RedeemedCode);
  }

  async function findTyped(
    name: { readonly purpose: string; readonly subject: string },
    code: string,
  ): Promise<OneTimeCodeRecord | undefined> {
    const { purpose } = name;
    const record = await store.takeTry({ purpose, subjectHash: hashOf(name.subject) });
    if (record === undefined) return undefined;
    return mac.verify(codeMessage(record, normalizeCode(code)), record.codeHash)
      ? record
      : undefined;
  }

  return {
    async issue(wanted) {
      const { issued, stored } = make(wanted);
      await store.save(stored);
      return issued;
    },

    async issueUnlessPending(wanted) {
      const { issued, stored } = make(wanted);
      return (await store.saveUnlessPending(stored)) ? issued : undefined;
    },

    async redeem(presented) {
      const record =
        "token" in presented
          ? await store.findByToken(presented.purpose, hashOf(presented.token))
          : await findTyped(presented, presented.code);
      const redeemed = open(record);
      if (record === undefined || redeemed === undefined) return undefined;
      return (await store.remove(record)) ? redeemed : undefined;
    },

    find: async ({ purpose, token }) => open(await store.findByToken(purpose, hashOf(token))),
    cancel: ({ purpose, subject }) => store.cancel({ purpose, subjectHash: hashOf(subject) }),
  };
}

/** What was typed, without what people and keyboards add; full-width and Arabic digits count, too. */
function normalizeCode(typed: string): string {
  return typed
    .normalize("NFKC")
    .replaceAll(/[٠-٩۰-۹]/g, (digit) => String((digit.codePointAt(0) ?? 0) % 16))
    .replaceAll(/[^0-9]/g, "");
}

function codeMessage(
  { purpose, subjectHash }: Pick<OneTimeCodeRecord, "purpose" | "subjectHash">,
  code: string,
): string {
  return `${purpose}.${subjectHash}.${code}`;
}

/** In another row it opens not: neither purpose nor subject can be exchanged in the database. */
function contextOf(
  record: Pick<OneTimeCodeRecord, "purpose" | "subjectHash" | "tokenHash">,
): string {
  return `${record.purpose}.${record.subjectHash}.${record.tokenHash}`;
}

function hashOf(value: string): string {
  return createHash("sha256").update(value).digest("base64url");
}
