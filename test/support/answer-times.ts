import { randomBytes, randomInt } from "node:crypto";
import type { TestServer } from "./test-server.js";

/** Times of answers, in ms, for names that have an account and for names that have none. */
export interface AnswerTimes {
  readonly known: readonly number[];
  readonly unknown: readonly number[];
}

export const TIMED = ["sign-in", "sign-up", "password reset"] as const;
export type Timed = (typeof TIMED)[number];

/** Settings of a server whose answers are timed: each request comes from a network of its own. */
export const TIMED_ENVIRONMENT = { TRUST_PROXY: "1" };

interface Form {
  readonly path: string;
  readonly field: string;
  readonly others: Readonly<Record<string, string>>;
}

const FORMS: Readonly<Record<Timed, Form>> = {
  "sign-in": {
    path: "/account/sign-in",
    field: "identifier",
    others: { password: "not the right passphrase", to: "security" },
  },
  "sign-up": { path: "/sign-up", field: "email", others: { to: "security" } },
  "password reset": { path: "/reset", field: "identifier", others: { to: "security" } },
};

/** Of each kind, so that caches and the compiler have seen both. */
const WARM_UP_ROUNDS = 15;

/**
 * Sends the form `rounds` times for each of both kinds, one after the other in random order, with
 * names that look alike. No name is used twice, so that no limit is met.
 *
 * @param afterEach is called after each answer.
 */
// oxlint-disable-next-line max-params -- reads as "measure the sign-in of this server 40 times"
export async function measureAnswers(
  server: TestServer,
  timed: Timed,
  rounds: number,
  afterEach: (kind: keyof AnswerTimes) => void = () => {},
): Promise<AnswerTimes> {
  const form = FORMS[timed];
  const total = rounds + WARM_UP_ROUNDS;
  const names = { known: await createPeople(server, total), unknown: newNames(total) };
  const send = await createSend(server, form);
  const times = { known: [] as number[], unknown: [] as number[] };
  for (let round = 0; round < total; round++) {
    const kinds =
      randomInt(2) === 0 ? (["known", "unknown"] as const) : (["unknown", "known"] as const);
    for (const kind of kinds) {
      const elapsedMs = await send(names[kind][round] ?? "");
      afterEach(kind);
      if (round >= WARM_UP_ROUNDS) times[kind].push(elapsedMs);
    }
  }
  return times;
}

function newNames(count: number): string[] {
  return Array.from({ length: count }, () => `${randomBytes(6).toString("hex")}@example.com`);
}

/** With one hash for all: to make hundreds takes longer than what is measured. */
async function createPeople({ app, database }: TestServer, count: number): Promise<string[]> {
  const names = newNames(count);
  const [hash] = await database.knex("password_credential").select("hash").limit(1);
  for (const email of names) {
    const { id } = await app.createAccount({ username: email, email, emailVerified: true });
    await app.accounts.setPasswordHash(id, hash?.hash ?? "");
  }
  return names;
}

async function createSend({ issuer }: TestServer, { path, field, others }: Form) {
  const page = await fetch(issuer + path);
  const html = await page.text();
  const cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
  const csrfToken = /name="csrf_token" value="([^"]*)"/.exec(html)?.[1] ?? "";
  return async (name: string): Promise<number> => {
    const body = new URLSearchParams({ ...others, csrf_token: csrfToken, [field]: name });
    const address = [10, randomInt(256), randomInt(256), randomInt(1, 255)].join(".");
    const headers = { Cookie: cookie, "X-Forwarded-For": address };
    const startedAtMs = performance.now();
    const answer = await fetch(issuer + path, {
      method: "POST",
      body,
      headers,
      redirect: "manual",
    });
    await answer.arrayBuffer();
    const elapsedMs = performance.now() - startedAtMs;
    const expected = field === "identifier" && path.endsWith("sign-in") ? 422 : 303;
    if (answer.status !== expected) throw new Error(`${path} answered ${answer.status}`);
    return elapsedMs;
  };
}
