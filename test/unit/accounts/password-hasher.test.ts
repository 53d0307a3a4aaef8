import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { expect } from "chai";
import {
  createPasswordHasher,
  DEFAULT_PASSWORD_HASHING,
} from "../../../src/accounts/password-hasher.js";
import { PasswordHashingOverloadedError } from "../../../src/accounts/password-hashing-overloaded-error.js";
import { CHEAP_HASHING } from "./cheap-hashing.js";
import { medianTimesMs } from "./median-times.js";
import { rejectionOf } from "./rejection-of.js";

const PASSWORD = "correct horse battery staple";

describe("the password hasher", () => {
  const hasher = createPasswordHasher(CHEAP_HASHING);
  after(() => hasher.close());

  it("stores argon2id with a random salt of 16 bytes, as a PHC string (ASVS 11.4.2)", async () => {
    const phc = await hasher.hash(PASSWORD);
    const [, name, version, parameters, salt = "", output = ""] = phc.split("$");
    expect([name, version, parameters]).to.deep.equal(["argon2id", "v=19", "m=256,t=1,p=1"]);
    expect(Buffer.from(salt, "base64")).to.have.length(16);
    expect(Buffer.from(output, "base64")).to.have.length(32);
    expect(await hasher.hash(PASSWORD)).not.to.equal(phc);
  });

  it("has defaults of at least 19 MiB and 2 passes (OWASP Password Storage)", () => {
    expect(DEFAULT_PASSWORD_HASHING).to.include({ memoryKib: 19_456, iterations: 2 });
  });

  it("verifies what argon2's reference implementation made (its test vector)", async () => {
    const phc =
      "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    expect(await hasher.verify("password", phc)).to.equal(true);
    expect(await hasher.verify("passwore", phc)).to.equal(false);
  });

  it("verifies exactly what was typed: neither trimmed nor cut (ASVS 6.2.8)", async () => {
    const long = "x".repeat(199);
    const phc = await hasher.hash(`${long}y`);
    expect(await hasher.verify(`${long}y`, phc)).to.equal(true);
    for (const other of [`${long}z`, `${long}y `, ` ${long}y`, `${long}Y`, long, ""]) {
      expect(await hasher.verify(other, phc)).to.equal(false);
    }
    const withNul = await hasher.hash("before\u0000after and more");
    expect(await hasher.verify("before\u0000other and more", withNul)).to.equal(false);
  });

  it("takes every Unicode spelling of one password (NIST SP 800-63B-4 §3.1.1.2)", async () => {
    const phc = await hasher.hash("prénom de ma mère".normalize("NFD"));
    expect(await hasher.verify("prénom de ma mère".normalize("NFC"), phc)).to.equal(true);
    expect(await hasher.verify("prenom de ma mere", phc)).to.equal(false);
  });

  it("takes 1,024 bytes and no more, in the normal form", async () => {
    const phc = await hasher.hash("é".repeat(512));
    expect(await hasher.verify("é".repeat(512), phc)).to.equal(true);
    expect(await hasher.verify("e\u0301".repeat(512), phc)).to.equal(true);
    expect(await hasher.verify("é".repeat(513), phc)).to.equal(false);
    for (const tooLong of ["é".repeat(513), "\u{FDFA}".repeat(32)]) {
      expect(await rejectionOf(hasher.hash(tooLong))).to.be.instanceOf(RangeError);
    }
  });

  it("answers what is over the cap, or no Unicode text, without hashing, for any account", async () => {
    const closed = createPasswordHasher(CHEAP_HASHING);
    const phc = await closed.hash(PASSWORD);
    await closed.close();
    expect(await rejectionOf(closed.verify(PASSWORD, phc))).to.be.instanceOf(
      PasswordHashingOverloadedError,
    );
    for (const password of ["x".repeat(1025), "x".repeat(1_000_000), "a lone surrogate \udfff"]) {
      expect(await closed.verify(password, phc)).to.equal(false);
      expect(await closed.verifyNothing(password)).to.equal(false);
    }
  });

  const unreadable = [
    "",
    "x",
    "$argon2id$",
    "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17",
  ];

  it("matches nothing with a hash that cannot be read, and throws nothing", async () => {
    const phc = await hasher.hash(PASSWORD);
    const cut = [phc.slice(0, -1), phc.slice(0, 40), phc.replace("m=256", "m=99999999999")];
    for (const malformed of [...unreadable, ...cut, phc.replace("argon2id", "argon2x")]) {
      expect(await hasher.verify(PASSWORD, malformed), malformed).to.equal(false);
    }
  });

  it("asks for a new hash when the function or a parameter differs (ASVS 11.4.2)", async () => {
    const phc = await hasher.hash(PASSWORD);
    expect(hasher.needsRehash(phc)).to.equal(false);
    const others = [
      ...["m=2560", "m=25", "m=512"].map((memory) => phc.replace("m=256", memory)),
      phc.replace("t=1", "t=2"),
      phc.replace("p=1", "p=2"),
      phc.replace("argon2id", "argon2i"),
      phc.replace("v=19", "v=16"),
      ...unreadable,
    ];
    for (const other of others) expect(hasher.needsRehash(other), other).to.equal(true);
  });

  it("hashes in a thread of lower priority, and leaves the main thread its own", async function () {
    await hasher.hash(PASSWORD);
    if (process.platform !== "linux") return;
    const nicenessOf = (thread: string) => {
      const stat = readFileSync(`/proc/self/task/${thread}/stat`, "utf8");
      // Field 19 of proc_pid_stat(5), counted behind the name, which may contain spaces.
      return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
    };
    const own = getPriority();
    expect(nicenessOf(String(process.pid))).to.equal(own);
    const lowered = readdirSync("/proc/self/task").filter((thread) => nicenessOf(thread) > own);
    expect(lowered.map(nicenessOf)).to.include(Math.min(own + CHEAP_HASHING.niceness, 19));
  });
});

describe("the cost of hashing a password", function () {
  this.timeout(30_000);
  const hasher = createPasswordHasher({ ...DEFAULT_PASSWORD_HASHING, queueLength: 400 });
  after(() => hasher.close());

  it("is the same for a wrong password, no account and an unreadable hash (ASVS 6.3.8)", async () => {
    const phc = await hasher.hash(PASSWORD);
    const { wrong, nothing, malformed } = await medianTimesMs({
      wrong: () => hasher.verify("a wrong password", phc),
      nothing: () => hasher.verifyNothing("a wrong password"),
      malformed: () => hasher.verify("a wrong password", "$2b$10$no argon2"),
    });
    // Skipped work would be a hundredth; what the machine does besides must not fail the test.
    expect(nothing / wrong).to.be.within(0.5, 2);
    expect(malformed / wrong).to.be.within(0.5, 2);
  });

  it("leaves the event loop free: 10 ms timers stay under 100 ms during 200 (ASVS 15.1.3)", async () => {
    const phc = await hasher.hash(PASSWORD);
    const ticksMs: number[] = [];
    const timer = setInterval(() => ticksMs.push(performance.now()), 10);
    const verified = await Promise.all(
      Array.from({ length: 200 }, () => hasher.verify(PASSWORD, phc)),
    );
    clearInterval(timer);
    expect(new Set(verified)).to.deep.equal(new Set([true]));
    const delaysMs = ticksMs.slice(1).map((tick, index) => tick - (ticksMs[index] ?? 0) - 10);
    const sorted = delaysMs.toSorted((a, b) => a - b);
    expect(delaysMs.length).to.be.greaterThan(20);
    expect(sorted[Math.floor(sorted.length * 0.99)]).to.be.lessThan(100);
  });
});
