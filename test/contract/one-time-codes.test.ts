import { createHash, randomUUID } from "node:crypto";
import { expect } from "chai";
import { CODE_TRIES, createOneTimeCodes } from "../../src/accounts/one-time-codes.js";
import { deriveSecrets } from "../../src/lib/derived-secrets.js";
import { describeOnEachBackend } from "../support/stores.js";

const SECRET = "a test secret of more than thirty-two characters";
const NEXT_SECRET = "another test secret of more than thirty-two characters";
const LIFETIME_SECONDS = 600;

describeOnEachBackend("one-time codes", (stores) => {
  const codesOf = (secretKeys: [string, ...string[]]) => {
    const secrets = deriveSecrets(secretKeys);
    return createOneTimeCodes({
      oneTimeCodeStore: stores().oneTimeCodeStore,
      oneTimeCodeMac: secrets.oneTimeCodeHashes,
      oneTimeCodeSealer: secrets.oneTimeCodes,
      clock: stores().clock,
    });
  };
  const codes = () => codesOf([SECRET]);
  const purpose = "test";
  const issue = (subject: string, data?: Record<string, unknown>) =>
    codes().issue({
      purpose,
      subject,
      ...(data === undefined ? {} : { data }),
      lifetimeSeconds: LIFETIME_SECONDS,
    });
  const another = (code: string) => String((Number(code) + 1) % 100_000_000).padStart(8, "0");

  it("gives back whom and what it was issued for, once, by code or by link", async () => {
    for (const way of ["code", "token"] as const) {
      const subject = randomUUID();
      const issued = await issue(subject, { email: "ada@example.org" });
      const presented =
        way === "code" ? { purpose, subject, code: issued.code } : { purpose, token: issued.token };
      const found = { subject, data: { email: "ada@example.org" } };
      expect(await codes().redeem(presented)).to.deep.equal(found);
      expect(await codes().redeem(presented)).to.equal(undefined);
      expect(await codes().redeem({ purpose, token: issued.token })).to.equal(undefined);
      expect(await codes().redeem({ purpose, subject, code: issued.code })).to.equal(undefined);
    }
  });

  it("lets one of many win who redeem it at once, by code and by link together", async () => {
    const subject = randomUUID();
    const { code, token } = await issue(subject);
    const attempts = Array.from({ length: 40 }, (_, index) =>
      codes().redeem(index % 10 === 0 ? { purpose, subject, code } : { purpose, token }),
    );
    const won = (await Promise.all(attempts)).filter((redeemed) => redeemed !== undefined);
    expect(won).to.have.length(1);
  });

  it("can be tried a few times, also by many at once, and no more; the link still counts", async () => {
    const subject = randomUUID();
    const { code, token } = await issue(subject);
    const wrong = another(code);
    const taken = await Promise.all(
      Array.from({ length: 30 }, () =>
        stores().oneTimeCodeStore.takeTry({
          purpose,
          // As the store has it: the test counts the tries that callers at once get.
          subjectHash: hashOf(subject),
        }),
      ),
    );
    expect(taken.filter((record) => record !== undefined)).to.have.length(CODE_TRIES);
    expect(await codes().redeem({ purpose, subject, code: wrong })).to.equal(undefined);
    expect(await codes().redeem({ purpose, subject, code })).to.equal(undefined);
    expect(await codes().redeem({ purpose, token })).to.include({ subject });
  });

  it("counts with the last try", async () => {
    const subject = randomUUID();
    const { code } = await issue(subject);
    for (let tried = 1; tried < CODE_TRIES; tried += 1) {
      expect(await codes().redeem({ purpose, subject, code: another(code) })).to.equal(undefined);
    }
    expect(await codes().redeem({ purpose, subject, code })).to.include({ subject });
  });

  it("takes a code as people type it", async () => {
    const spellings = [
      (code: string) => `${code.slice(0, 4)} ${code.slice(4)}`,
      (code: string) => ` ${code.slice(0, 4)}-${code.slice(4)}\n`,
      (code: string) =>
        code.replaceAll(/\d/g, (digit) => "０１２３４５６７８９"[Number(digit)] ?? ""),
      (code: string) => code.replaceAll(/\d/g, (digit) => "٠١٢٣٤٥٦٧٨٩"[Number(digit)] ?? ""),
    ];
    for (const spell of spellings) {
      const subject = randomUUID();
      const { code } = await issue(subject);
      expect(await codes().redeem({ purpose, subject, code: spell(code) })).to.include({ subject });
    }
  });

  it("counts for its own purpose and subject alone", async () => {
    const [subject, other] = [randomUUID(), randomUUID()];
    const { code, token } = await issue(subject);
    await issue(other);
    expect(await codes().redeem({ purpose, subject: other, code })).to.equal(undefined);
    expect(await codes().redeem({ purpose: "else", subject, code })).to.equal(undefined);
    expect(await codes().redeem({ purpose: "else", token })).to.equal(undefined);
    expect(await codes().redeem({ purpose, token: "nul\0" })).to.equal(undefined);
    expect(await codes().redeem({ purpose, subject, code: "" })).to.equal(undefined);
    expect(await codes().redeem({ purpose, subject, code })).to.include({ subject });
  });

  it("is cancelled by a new one, and by hand", async () => {
    const subject = randomUUID();
    const first = await issue(subject);
    const second = await issue(subject);
    expect(await codes().redeem({ purpose, token: first.token })).to.equal(undefined);
    expect(await codes().find({ purpose, token: second.token })).to.include({ subject });
    await codes().cancel({ purpose, subject });
    expect(await codes().redeem({ purpose, token: second.token })).to.equal(undefined);
  });

  it("leaves one that still counts in its place, of many callers at once too, and none that does not", async () => {
    const subject = randomUUID();
    const wanted = { purpose, subject, lifetimeSeconds: LIFETIME_SECONDS };
    const issued = await Promise.all(
      Array.from({ length: 20 }, () => codes().issueUnlessPending(wanted)),
    );
    const [first, ...others] = issued.filter((each) => each !== undefined);
    expect(others).to.deep.equal([]);
    expect(await codes().find({ purpose, token: first?.token ?? "" })).to.include({ subject });
    stores().clock.advance(LIFETIME_SECONDS);
    const second = await codes().issueUnlessPending(wanted);
    expect(await codes().redeem({ purpose, token: second?.token ?? "" })).to.include({ subject });
  });

  it("expires, and is swept then", async () => {
    const subject = randomUUID();
    const { code, token } = await issue(subject);
    stores().clock.advance(LIFETIME_SECONDS);
    expect(await codes().find({ purpose, token })).to.equal(undefined);
    expect(await codes().redeem({ purpose, token })).to.equal(undefined);
    expect(await codes().redeem({ purpose, subject, code })).to.equal(undefined);
    await stores().oneTimeCodeStore.purgeExpired(1_000);
    expect(await stores().database.knex("one_time_code").where({ purpose })).to.deep.equal([]);
  });

  it("keeps nothing that a reader of the database could present", async () => {
    const subject = `${randomUUID()}@example.org`;
    const { code, token } = await issue(subject, { password: "hunter2" });
    const rows = JSON.stringify(await stores().database.knex("one_time_code"));
    for (const secret of [code, token, subject, "hunter2"]) expect(rows).not.to.include(secret);
  });

  it("counts on while SECRET_KEY is changed, and not under a foreign one", async () => {
    const subject = randomUUID();
    const { code } = await issue(subject);
    const foreign = codesOf([NEXT_SECRET]);
    expect(await foreign.redeem({ purpose, subject, code })).to.equal(undefined);
    const changed = codesOf([NEXT_SECRET, SECRET]);
    expect(await changed.redeem({ purpose, subject, code })).to.include({ subject });
  });
});

function hashOf(subject: string): string {
  return createHash("sha256").update(subject).digest("base64url");
}
