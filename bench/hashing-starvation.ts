/* oxlint-disable no-await-in-loop -- what is measured must happen one after the other */
/**
 * How much slower is an ES256 signature over HTTP while passwords are hashed? For every way of
 * hashing: a server that signs a JWT by WebCrypto at each request, idle and with 8 verifications
 * always under way, in slices by turns.
 *
 * node dist/bench/hashing-starvation.js [connections] [rounds] [sliceMs]
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, createServer, get, type ServerResponse } from "node:http";
import { availableParallelism, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { hash, verify } from "@node-rs/argon2";
import { createPasswordHasher, DEFAULT_PASSWORD_HASHING } from "../src/accounts/password-hasher.js";

/** In worker threads, or as the library does it by itself: in libuv's pool. */
type Variant = { readonly concurrency: number; readonly niceness: number } | "libuv";

interface Slice {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requestsPerSecond: number;
}

const SIGN_INS = 8;
const PASSWORD = "correct horse battery staple";
const VARIANTS: Variant[] = [
  "libuv",
  ...[1, 2].flatMap((concurrency) => [0, 5, 10, 19].map((niceness) => ({ concurrency, niceness }))),
];

async function createVerify(variant: Variant): Promise<() => Promise<boolean>> {
  if (variant === "libuv") {
    const phc = await hash(PASSWORD);
    return () => verify(phc, PASSWORD);
  }
  const hasher = createPasswordHasher({ ...DEFAULT_PASSWORD_HASHING, ...variant });
  const phc = await hasher.hash(PASSWORD);
  return () => hasher.verify(PASSWORD, phc);
}

/** The child process. Messages: "idle" or "busy"; the answer is how many verifications were done. */
async function serve(variant: Variant): Promise<void> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const { privateKey } = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
  const claims = Buffer.from(JSON.stringify({ iss: "https://op.test", sub: "x".repeat(200) }));
  const signingInput = Buffer.from(`eyJhbGciOiJFUzI1NiJ9.${claims.toString("base64url")}`);
  const answer = async (response: ServerResponse) => {
    const signature = await crypto.subtle.sign(algorithm, privateKey, signingInput);
    response.end(`${signingInput.toString()}.${Buffer.from(signature).toString("base64url")}`);
  };
  const server = createServer((_request, response) => void answer(response));
  await once(server.listen(0, "127.0.0.1"), "listening");

  const verifyOnce = await createVerify(variant);
  const hashing = { isWanted: false, verifications: 0 };
  let signIns: Promise<unknown> = Promise.resolve();
  const signInAgain = async () => {
    while (hashing.isWanted) {
      await verifyOnce();
      if (hashing.isWanted) hashing.verifications += 1;
    }
  };
  const obey = async (message: unknown) => {
    hashing.isWanted = message === "busy";
    if (hashing.isWanted) signIns = Promise.all(Array.from({ length: SIGN_INS }, signInAgain));
    else await signIns;
    process.send?.(hashing.verifications);
    hashing.verifications = 0;
  };
  // An unhandled rejection ends this process, and so the measurement.
  process.on("message", (message) => void obey(message));
  const address = server.address();
  if (typeof address === "object") process.send?.(address?.port);
}

async function answerOf(child: ChildProcess): Promise<number> {
  const [answer]: unknown[] = await once(child, "message");
  return Number(answer);
}

async function requestOnce(port: number, agent: Agent): Promise<void> {
  const request = get({ port, agent, host: "127.0.0.1" });
  const [response] = await once(request, "response");
  response.resume();
  await once(response, "end");
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

const median = (values: number[]) =>
  percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );

async function measure(
  port: number,
  { agent, sliceMs }: { agent: Agent; sliceMs: number },
): Promise<Slice> {
  const end = performance.now() + sliceMs;
  const timesMs: number[] = [];
  const client = async () => {
    for (let start = performance.now(); start < end; start = performance.now()) {
      await requestOnce(port, agent);
      timesMs.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: agent.maxSockets }, client));
  timesMs.sort((a, b) => a - b);
  return {
    p50Ms: percentile(timesMs, 0.5),
    p99Ms: percentile(timesMs, 0.99),
    requestsPerSecond: (timesMs.length * 1000) / sliceMs,
  };
}

/** A server with what was measured of it; idle and busy slices of one index are neighbours in time. */
interface Subject {
  readonly variant: Variant;
  readonly child: ChildProcess;
  readonly port: number;
  readonly agent: Agent;
  readonly idle: Slice[];
  readonly busy: Slice[];
  verifications: number;
}

async function openSubject(variant: Variant, connections: number): Promise<Subject> {
  const child = fork(fileURLToPath(import.meta.url), ["serve", JSON.stringify(variant)]);
  const port = await answerOf(child);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return { variant, child, port, agent, idle: [], busy: [], verifications: 0 };
}

async function measureBoth(subject: Subject, sliceMs: number): Promise<void> {
  const { child, port, agent } = subject;
  subject.idle.push(await measure(port, { agent, sliceMs }));
  child.send("busy");
  await answerOf(child);
  subject.busy.push(await measure(port, { agent, sliceMs }));
  child.send("idle");
  subject.verifications += await answerOf(child);
}

function describe({ variant, idle, busy, verifications }: Subject, sliceMs: number) {
  const of = (slices: Slice[], field: keyof Slice) => median(slices.map((slice) => slice[field]));
  const ratios = busy.map((slice, round) => slice.p99Ms / (idle[round]?.p99Ms ?? Number.NaN));
  return {
    hashing:
      variant === "libuv"
        ? "libuv's pool"
        : `threads: ${variant.concurrency}, niceness: ${variant.niceness}`,
    "idle p50": of(idle, "p50Ms").toFixed(2),
    "idle p99": of(idle, "p99Ms").toFixed(2),
    "busy p50": of(busy, "p50Ms").toFixed(2),
    "busy p99": of(busy, "p99Ms").toFixed(2),
    "p99 ratio": (of(busy, "p99Ms") / of(idle, "p99Ms")).toFixed(1),
    "median of ratios": median(ratios).toFixed(1),
    "req/s idle": of(idle, "requestsPerSecond").toFixed(0),
    "req/s busy": of(busy, "requestsPerSecond").toFixed(0),
    "verify/s": ((verifications * 1000) / (busy.length * sliceMs)).toFixed(0),
  };
}

async function compare(connections: number, rounds: number, sliceMs: number): Promise<void> {
  const subjects = await Promise.all(VARIANTS.map((variant) => openSubject(variant, connections)));
  for (const subject of subjects) await measureBoth(subject, sliceMs);
  // That was to warm up.
  for (const subject of subjects) {
    subject.idle.length = 0;
    subject.busy.length = 0;
    subject.verifications = 0;
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of subjects) await measureBoth(subject, sliceMs);
  }
  for (const { agent, child } of subjects) {
    agent.destroy();
    child.kill();
  }
  const load = loadavg().map((value) => value.toFixed(1));
  console.log(
    `${connections} connections; times in ms, medians of ${rounds} slices of ${sliceMs} ms; ` +
      `${availableParallelism()} processors, load ${load.join(" ")}`,
  );
  console.table(subjects.map((subject) => describe(subject, sliceMs)));
}

const [first, second, third] = process.argv.slice(2);
if (first === "serve") {
  const variant: Variant = JSON.parse(second ?? "");
  await serve(variant);
} else {
  await compare(Number(first ?? 4), Number(second ?? 10), Number(third ?? 700));
}
