import { setTimeout as delay } from "node:timers/promises";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { createKeyRotation } from "../../src/keys/key-rotation.js";
import { defaultKeyTimes } from "../../src/keys/key-schedule.js";
import { systemClock } from "../../src/lib/clock.js";
import { deriveSecrets } from "../../src/lib/derived-secrets.js";
import { createSqlSigningKeyStore } from "../../src/storage/sql-signing-key-store.js";
import { connect } from "./relying-party-libraries.js";
import type { ServerNodes } from "./server-nodes.js";
import { signInWith } from "./sign-in-with.js";
import { API, createMachineClient, createTestApis, createTestClient } from "./test-client.js";
import { postForm } from "./token-endpoint.js";
import { authorize } from "./user-agent.js";

export interface RotationLoad {
  readonly rotations: number;
  /** From one rotation to the next. */
  readonly everySeconds: number;
  readonly publishAheadSeconds: number;
}

export interface RotationReport {
  /** How often each thing was done. */
  readonly done: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  /** By how many keys of each algorithm something was signed. */
  readonly signers: Readonly<Record<string, number>>;
}

/** Many enough to have tokens of every key at any time, few enough to verify one in each turn. */
const KEPT_TOKENS = 500;

/**
 * Applications, people and APIs at work while all keys are rotated. Times are shorter than real ones
 * by one factor: how long keys are published ahead, and how long an API keeps what it has read.
 */
export async function rotateUnderLoad(
  nodes: ServerNodes,
  { rotations, everySeconds, publishAheadSeconds }: RotationLoad,
): Promise<RotationReport> {
  await createTestApis(nodes);
  const { issuer } = nodes;
  const client = await createTestClient(nodes, {}, { firstParty: true });
  const machine = await createMachineClient(nodes);
  const rp = await connect(nodes, client);
  const done: Record<string, number> = {};
  const failures: string[] = [];
  const signers = new Map<string, Set<string>>();
  const tokens: string[] = [];
  let isRunning = true;

  // jose keeps keys for 600 s and waits 30 s before it asks for an unknown one; 1260 s are published ahead.
  const factor = publishAheadSeconds / defaultKeyTimes(0).publishAheadSeconds;
  const readKeys = () =>
    createRemoteJWKSet(new URL(`${issuer}/jwks`), {
      cacheMaxAge: 600_000 * factor,
      cooldownDuration: 30_000 * factor,
    });
  const warm = readKeys();

  async function verify(token: string, keys: typeof warm): Promise<void> {
    await jwtVerify(token, keys, { issuer });
  }

  async function keep(token: unknown): Promise<void> {
    const jwt = String(token);
    const { alg = "", kid = "" } = decodeProtectedHeader(jwt);
    const seen = signers.get(alg) ?? new Set();
    signers.set(alg, seen.add(kid));
    tokens.push(jwt);
    if (tokens.length > KEPT_TOKENS) tokens.splice(0, 1);
    await verify(jwt, warm);
  }

  async function post(path: string, fields: Record<string, string>, by = client) {
    const answer = await postForm(issuer + path, fields, { client: by });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as Record<string, unknown>;
  }

  const someToken = () => tokens[Math.floor(Math.random() * tokens.length)] ?? "";
  const first = await signInWith(nodes, rp, {
    parameters: { scope: "openid offline_access", prompt: "consent" },
  });
  let refreshToken = first.tokens.refresh_token ?? "";
  await keep(first.tokens.id_token);

  async function redeem(agent: typeof first.agent, parameters: Record<string, string>) {
    const attempt = await rp.begin(parameters);
    const callback = await authorize(agent, attempt.url, nodes);
    const answer = await post("/token", {
      grant_type: "authorization_code",
      code: String(callback.searchParams.get("code")),
      redirect_uri: attempt.redirectUri,
      code_verifier: attempt.codeVerifier,
    });
    await keep(answer["id_token"]);
  }

  const WORK: Record<string, () => Promise<void>> = {
    "sign-ins of a session": () => redeem(first.agent, { prompt: "none" }),
    "sign-ins with password": async () => {
      const { tokens: fresh } = await signInWith(nodes, await connect(nodes, client));
      await keep(fresh.id_token);
    },
    refreshes: async () => {
      const answer = await post("/token", {
        grant_type: "refresh_token",
        refresh_token: refreshToken,
      });
      refreshToken = String(answer["refresh_token"]);
      await keep(answer["id_token"]);
    },
    "client credentials": async () => {
      const fields = { grant_type: "client_credentials", resource: API, scope: "orders:read" };
      const { access_token: token } = await post("/token", fields, machine);
      await keep(token);
    },
    "verifications, warm": () => verify(someToken(), warm),
    "verifications, cold": () => verify(someToken(), readKeys()),
  };

  const load = Object.entries(WORK).map(async ([what, work]) => {
    while (isRunning) {
      await work().then(
        () => (done[what] = (done[what] ?? 0) + 1),
        (err: unknown) => failures.push(`${what}: ${String(err)}`),
      );
      // Verification alone would take the processor from the servers.
      if (what.startsWith("verif")) await delay(10);
    }
  });

  const rotation = createKeyRotation({
    store: createSqlSigningKeyStore({ database: nodes.database, clock: systemClock }),
    sealer: deriveSecrets([String(nodes.environment["SECRET_KEY"])]).signingKeys,
    times: { ...defaultKeyTimes(0), publishAheadSeconds },
    clock: systemClock,
    audit: nodes.app.audit,
    refresh: async () => {},
  });
  for (let turn = 0; turn < rotations; turn++) {
    await Promise.all((["ES256", "RS256"] as const).map((alg) => rotation.rotate(alg, "in_order")));
    await delay(everySeconds * 1000);
  }
  isRunning = false;
  await Promise.all(load);
  return {
    done,
    failures,
    signers: Object.fromEntries([...signers].map(([alg, kids]) => [alg, kids.size])),
  };
}
