/**
 * How long a person's sign-out takes, by what becomes of the client that has to be told: one after
 * another in every round, so that each figure stands beside those of the same moment.
 *
 *   npm run bench:logout -- [rounds]
 *   TEST_STORES=redis npm run bench:logout
 */
import { readFileSync } from "node:fs";
import { startLogoutReceiver, type LogoutReceiver } from "../test/support/logout-receiver.js";
import { connect, type RelyingParty } from "../test/support/relying-party-libraries.js";
import { signInWith } from "../test/support/sign-in-with.js";
import { createTestCertificates } from "../test/support/test-certificates.js";
import { createTestClient } from "../test/support/test-client.js";
import { startTestServer } from "../test/support/test-server.js";

const ROUNDS = Number(process.argv[2] ?? 30);
const WARM_UP_ROUNDS = 3;

const server = await startTestServer({
  environment: { OUTBOUND_ALLOWED_HOSTS: "127.0.0.1" },
  deliversLogouts: true,
});
const certificates = await createTestCertificates("IP:127.0.0.1");
const tls = {
  cert: readFileSync(certificates.cert, "utf8"),
  key: readFileSync(certificates.key, "utf8"),
};
const { issuer } = server;

/** Undefined: a client that is not told. */
const CLIENTS: Readonly<Record<string, LogoutReceiver | undefined>> = {
  "is not told": undefined,
  "is well": await startLogoutReceiver({ issuer }),
  "is down": await startLogoutReceiver({ issuer, mode: "down" }),
  "answers after 30 s": await startLogoutReceiver({ issuer, delayMs: 30_000 }),
  redirects: await startLogoutReceiver({ issuer, mode: "redirecting" }),
  "answers 500": await startLogoutReceiver({ issuer, mode: "failing" }),
  "has a certificate of nobody": await startLogoutReceiver({ issuer, tls }),
};

const parties = new Map<string, RelyingParty>();
for (const [name, receiver] of Object.entries(CLIENTS)) {
  const metadata =
    receiver === undefined
      ? {}
      : { backchannel_logout_uri: receiver.uri, backchannel_logout_session_required: true };
  parties.set(name, await connect(server, await createTestClient(server, metadata)));
}

async function measureSignOut(rp: RelyingParty): Promise<number> {
  const { agent } = await signInWith(server, rp);
  const page = await agent.open(`${issuer}/session/end`);
  const begunAtMs = performance.now();
  const { status } = await agent.submit(page, { logout: "yes" });
  const tookMs = performance.now() - begunAtMs;
  if (status !== 200) throw new Error(`a sign-out was answered with ${status}`);
  return tookMs;
}

const times = new Map<string, number[]>([...parties.keys()].map((name) => [name, []]));
for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
  for (const [name, rp] of parties) {
    const tookMs = await measureSignOut(rp);
    if (round >= WARM_UP_ROUNDS) times.get(name)?.push(tookMs);
  }
}

const at = (sorted: readonly number[], part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
const ofUntold = times.get("is not told") ?? [];
console.log(`sign-out, ${ROUNDS} of each in turn; the client …`);
for (const [name, taken] of times) {
  const sorted = taken.toSorted((a, b) => a - b);
  const ratios = taken.map((ms, round) => ms / (ofUntold[round] ?? ms)).toSorted((a, b) => a - b);
  console.log(
    `  ${name.padEnd(30)} median ${at(sorted, 0.5).toFixed(1).padStart(6)} ms` +
      `  slowest ${at(sorted, 1).toFixed(1).padStart(6)} ms` +
      `  against one that is not told ${at(ratios, 0.5).toFixed(2)}`,
  );
}

for (const receiver of Object.values(CLIENTS)) await receiver?.close();
await server.close();
await certificates.remove();
process.exit();
