/**
 * Kills the server with SIGKILL in the middle of sign-ins and refreshes, again and again, on one
 * data directory. After each restart: what was acknowledged is there, and what was used is refused.
 *
 *   npm run fault:kill [-- ROUNDS]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  createRelyingParty,
  oauthErrorOf,
  type ObtainedCode,
  type RelyingParty,
} from "../support/relying-party.js";
import { freePort } from "../support/free-port.js";
import { runCli, spawnServer } from "../support/server-process.js";
import { PASSWORD } from "../support/test-server.js";

const ROUNDS = Number(process.argv[2] ?? 10);
const WORKERS = 4;

/** What one worker knows for certain because the server said so. */
interface Ledger {
  /** The newest refresh token that was handed out and not sent back since. */
  live: string | undefined;
  /** Refresh tokens whose use was answered. */
  readonly used: string[];
  /** Codes whose use was answered. */
  readonly redeemed: ObtainedCode[];
}

const directory = await mkdtemp(join(tmpdir(), "latchkey-kill-"));
const port = await freePort();
const environment = { PORT: String(port), DATA_DIR: directory, LOG_LEVEL: "error" };
const issuer = `http://localhost:${port}`;
const credentials = { username: "ada", password: PASSWORD };
const tally = {
  rounds: 0,
  signIns: 0,
  refreshes: 0,
  liveKept: 0,
  liveInDoubt: 0,
  replaysRefused: 0,
  violations: 0,
};

try {
  const account = await runCli(["account", "create", credentials.username], environment, PASSWORD);
  if (account.code !== 0) throw new Error(account.stderr);
  const created = await runCli(
    [
      "--json",
      "client",
      "create",
      "--type",
      "web",
      "--redirect-uri",
      "http://localhost:9999/callback",
    ],
    environment,
  );
  const { client_id: clientId, client_secret: clientSecret } = JSON.parse(created.stdout) as Record<
    string,
    string
  >;

  for (let round = 1; round <= ROUNDS; round++) {
    const server = await spawnServer(environment);
    const party = await createRelyingParty(issuer, clientId ?? "", clientSecret ?? "");
    const ledgers: Ledger[] = Array.from({ length: WORKERS }, () => ({
      live: undefined,
      used: [],
      redeemed: [],
    }));
    const work = ledgers.map((ledger) => runUntilKilled(party, ledger));
    await delay(1500 + Math.random() * 1500);
    await server.stop("SIGKILL");
    await Promise.all(work);

    const again = await spawnServer(environment);
    const after = await createRelyingParty(issuer, clientId ?? "", clientSecret ?? "");
    for (const ledger of ledgers) await audit(after, ledger);
    await again.stop("SIGTERM");
    tally.rounds++;
    console.log(`round ${round}:`, JSON.stringify(tally));
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
console.log(tally.violations === 0 ? "no violation" : `${tally.violations} VIOLATIONS`);
process.exitCode = tally.violations === 0 ? 0 : 1;

async function runUntilKilled(party: RelyingParty, ledger: Ledger): Promise<void> {
  try {
    for (;;) {
      const code = await party.obtainCode(credentials);
      const tokens = await party.redeem(code);
      ledger.redeemed.push(code);
      ledger.live = tokens.refresh_token;
      tally.signIns++;
      for (let turn = 0; turn < 5; turn++) {
        const sent = ledger.live;
        if (sent === undefined) throw new Error("no refresh token");
        // In doubt until the answer is there: it may or may not have been used.
        ledger.live = undefined;
        const next = await party.refresh(sent);
        ledger.used.push(sent);
        ledger.live = next.refresh_token;
        tally.refreshes++;
      }
    }
  } catch (err) {
    // Every request fails once the process is dead; an OAuth error before that is a finding.
    if (err instanceof Error && "error" in err)
      report(`unexpected OAuth error ${String(err.error)}`);
  }
}

async function audit(party: RelyingParty, { live, used, redeemed }: Ledger): Promise<void> {
  if (live === undefined) {
    tally.liveInDoubt++;
  } else {
    const error = await oauthErrorOf(party.refresh(live));
    if (error === undefined) tally.liveKept++;
    else report(`an acknowledged refresh token was lost: ${error}`);
  }
  for (const token of used.slice(-3)) {
    const error = await oauthErrorOf(party.refresh(token));
    if (error === "invalid_grant") tally.replaysRefused++;
    else report(`a used refresh token gave ${error ?? "tokens"}`);
  }
  for (const code of redeemed.slice(-3)) {
    const error = await oauthErrorOf(party.redeem(code));
    if (error === "invalid_grant") tally.replaysRefused++;
    else report(`a used code gave ${error ?? "tokens"}`);
  }
}

function report(violation: string): void {
  tally.violations++;
  console.log(`VIOLATION: ${violation}`);
}
