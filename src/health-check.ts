/**
 * Asks the server of this container for its health: `node dist/src/health-check.js [live|ready]`.
 * Prints the answer and ends with 0 when it is 200, else with 1. Where the server listens it learns
 * from the same variables. It runs every few seconds, and so loads nothing but Node's own client.
 */
import { get } from "node:http";

/** 2.5 s: readiness itself takes up to 2 s, and a supervisor waits at least 3 s for this process. */
const TIMEOUT_MS = 2_500;

/** Where a server that listens on all addresses answers. */
const LOOPBACK_OF: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

if (import.meta.main) {
  const [, , check = "live"] = process.argv;
  const { ISSUER, HOST = "", PORT = "" } = process.env;
  // Empty counts as unset, as in settings.
  const host = LOOPBACK_OF[HOST] ?? (HOST || "127.0.0.1");
  const basePath = URL.parse(ISSUER ?? "")?.pathname.replace(/\/$/, "") ?? "";
  const request = get({
    host,
    port: PORT || "8000",
    path: `${basePath}/health/${check}`,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  process.exitCode = 1;
  request.on("error", (err) => report(`no answer from ${host}: ${err.message}`));
  request.on("response", (response) => {
    if (response.statusCode === 200) process.exitCode = 0;
    response.setEncoding("utf8").on("data", report);
  });
}

function report(text: string): void {
  process.stdout.write(`${text}\n`);
}
