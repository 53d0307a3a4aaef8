import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from "jose";
import { freePort } from "./free-port.js";

/** How a relying party behaves when it is told of a logout. */
export type ReceiverMode =
  | "well"
  /** Takes the request and never answers. */
  | "silent"
  | "failing"
  | "refusing"
  /** Sends whoever comes to `redirectTarget`. */
  | "redirecting"
  /** Answers for ever. */
  | "endless"
  /** Nobody listens. */
  | "down";

export interface ReceivedLogout {
  readonly payload: JWTPayload;
  readonly header: Record<string, unknown>;
  readonly atMs: number;
}

/** The back-channel logout endpoint of a relying party, which verifies as the standard says (§2.6). */
export interface LogoutReceiver {
  readonly uri: string;
  /** Valid tokens that were answered with 200, in the order in which they came. */
  readonly accepted: readonly ReceivedLogout[];
  /** Why tokens were not valid. */
  readonly invalid: readonly string[];
  /** Requests, whatever came of them. */
  requests(): number;
  /** The most that were under way at once. */
  mostAtOnce(): number;
  /** Requests at the place that a redirect leads to. */
  redirected(): number;
  be(mode: ReceiverMode): Promise<void>;
  close(): Promise<void>;
}

export interface LogoutReceiverOptions {
  readonly issuer: string;
  readonly mode?: ReceiverMode;
  /** PEM texts; without them plain http. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Time that an answer takes. */
  readonly delayMs?: number;
}

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

export async function startLogoutReceiver({
  issuer,
  mode: firstMode = "well",
  tls,
  delayMs = 0,
}: LogoutReceiverOptions): Promise<LogoutReceiver> {
  const port = await freePort();
  const jwks = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const accepted: ReceivedLogout[] = [];
  const invalid: string[] = [];
  const seen = new Set<string>();
  let mode = firstMode;
  let server: Server | undefined;
  const counts = { requests: 0, atOnce: 0, mostAtOnce: 0, redirected: 0 };

  async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.url === "/elsewhere") {
      counts.redirected++;
      res.end();
      return;
    }
    counts.requests++;
    counts.atOnce++;
    counts.mostAtOnce = Math.max(counts.mostAtOnce, counts.atOnce);
    res.on("close", () => counts.atOnce--);
    const body = await read(req);
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (mode === "silent") return;
    if (mode === "failing") res.writeHead(500).end("it failed");
    else if (mode === "refusing") res.writeHead(400).end('{"error":"invalid_request"}');
    else if (mode === "redirecting") res.writeHead(307, { Location: "/elsewhere" }).end();
    else if (mode === "endless") answerForEver(res);
    else await answerWell(req, res, body);
  }

  async function answerWell(req: IncomingMessage, res: ServerResponse, body: string) {
    try {
      if (req.method !== "POST") throw new Error(`method ${req.method}`);
      const type = req.headers["content-type"] ?? "";
      if (!type.startsWith("application/x-www-form-urlencoded")) throw new Error(`type ${type}`);
      accepted.push(await verify(new URLSearchParams(body).get("logout_token") ?? ""));
      res.writeHead(204, { "Cache-Control": "no-store" }).end();
    } catch (err) {
      invalid.push(err instanceof errors.JOSEError ? `${err.code} ${err.message}` : String(err));
      res.writeHead(400).end();
    }
  }

  /** §2.6, with the typ of §4.1 and the replay check of its last step. */
  async function verify(token: string): Promise<ReceivedLogout> {
    const { payload, protectedHeader: header } = await jwtVerify(token, jwks, {
      issuer,
      typ: "logout+jwt",
      requiredClaims: ["iss", "aud", "iat", "exp", "jti", "events", "sub"],
    });
    const { iat = 0, exp = 0, jti = "", events } = payload;
    if (exp - iat > 120) throw new Error(`valid for ${exp - iat} s`);
    if (seen.has(jti)) throw new Error(`jti ${jti} came twice`);
    seen.add(jti);
    if (JSON.stringify(events) !== JSON.stringify({ [EVENT]: {} })) throw new Error("events");
    if ("nonce" in payload) throw new Error("nonce");
    return { payload, header: { ...header }, atMs: performance.now() };
  }

  function listen(): Promise<void> {
    const listener = (req: IncomingMessage, res: ServerResponse) => void take(req, res);
    const next = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    server = next;
    return new Promise((resolve) => next.listen(port, "127.0.0.1", resolve));
  }

  async function stop(): Promise<void> {
    const stopping = server;
    server = undefined;
    if (stopping === undefined) return;
    const closed = new Promise((resolve) => stopping.close(resolve));
    stopping.closeAllConnections();
    await closed;
  }

  if (mode !== "down") await listen();
  return {
    uri: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}/logout`,
    accepted,
    invalid,
    requests: () => counts.requests,
    mostAtOnce: () => counts.mostAtOnce,
    redirected: () => counts.redirected,
    async be(next) {
      mode = next;
      if (next === "down") await stop();
      else if (server === undefined) await listen();
    },
    close: stop,
  };
}

function answerForEver(res: ServerResponse): void {
  res.writeHead(200);
  const timer = setInterval(() => res.write("x".repeat(64 * 1024)), 1);
  res.on("close", () => clearInterval(timer));
}

async function read(req: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of req) body += String(chunk);
  return body;
}
