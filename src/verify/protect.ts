import type { IncomingMessage, ServerResponse } from "node:http";
import type { AccessTokenVerifier } from "./access-token-verifier.js";
import type { RefusalAnswer } from "./challenge.js";
import {
  fetchRequestFacts,
  nodeRequestFacts,
  type ClientCertificate,
  type RequestFacts,
} from "./request-facts.js";
import type { Requirements } from "./requirements.js";
import type { VerifiedAccessToken } from "./verified-access-token.js";

/** What a route needs; `certificate` finds the client's, verified by TLS, for tokens bound to one. */
export interface Protection<R> extends Requirements {
  readonly certificate?: (request: R) => ClientCertificate | undefined;
}

/** Of Koa's context what is used here. */
export interface KoaContextLike {
  readonly req: IncomingMessage;
  readonly originalUrl: string;
  readonly state: object;
  status: number;
  body: unknown;
  set(headers: Record<string, string | string[]>): void;
}

/** Koa middleware: the token is in `ctx.state.accessToken`, or the request has been refused. */
export function protectKoa(
  verifier: AccessTokenVerifier,
  protection: Protection<IncomingMessage> = {},
) {
  return async (ctx: KoaContextLike, next: () => Promise<unknown>): Promise<void> => {
    const facts = {
      ...nodeRequestFacts(ctx.req, protection.certificate?.(ctx.req)),
      url: ctx.originalUrl,
    };
    const outcome = await check(verifier, facts, protection);
    if ("refusal" in outcome) {
      ctx.status = outcome.refusal.status;
      ctx.set({ ...outcome.refusal.headers });
      ctx.body = outcome.refusal.body;
      return;
    }
    Object.assign(ctx.state, { accessToken: outcome.token });
    await next();
  };
}

/** What `protectNode` calls when the token is good. */
export type ProtectedHandler<T> = (
  request: IncomingMessage,
  response: ServerResponse,
  token: VerifiedAccessToken,
) => T;

/** A handler of `http.createServer`: it is called with the token, or the request has been refused. */
export function protectNode<T>(
  verifier: AccessTokenVerifier,
  protection: Protection<IncomingMessage>,
  handler: ProtectedHandler<T>,
) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const facts = nodeRequestFacts(request, protection.certificate?.(request));
    const outcome = await check(verifier, facts, protection);
    if ("refusal" in outcome) sendRefusal(response, outcome.refusal);
    else await handler(request, response, outcome.token);
  };
}

/** Middleware as Express and Connect have it: the token is in `request.accessToken`. */
export function protectExpress(
  verifier: AccessTokenVerifier,
  protection: Protection<IncomingMessage> = {},
) {
  return async (
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): Promise<void> => {
    let outcome: Outcome;
    try {
      const facts = nodeRequestFacts(request, protection.certificate?.(request));
      outcome = await check(verifier, facts, protection);
    } catch (err) {
      next(err);
      return;
    }
    if ("refusal" in outcome) {
      sendRefusal(response, outcome.refusal);
      return;
    }
    Object.assign(request, { accessToken: outcome.token });
    next();
  };
}

/** For handlers of `Request`: the token, or the `Response` to return. */
export async function protectFetch(
  verifier: AccessTokenVerifier,
  request: Request,
  protection: Protection<Request> = {},
): Promise<VerifiedAccessToken | Response> {
  const facts = fetchRequestFacts(request, protection.certificate?.(request));
  const outcome = await check(verifier, facts, protection);
  if ("token" in outcome) return outcome.token;
  const { status, headers, body } = outcome.refusal;
  const response = Response.json(body, { status });
  for (const [name, values] of Object.entries(headers)) {
    for (const value of [values].flat()) response.headers.append(name, value);
  }
  return response;
}

type Outcome = { readonly token: VerifiedAccessToken } | { readonly refusal: RefusalAnswer };

async function check(
  verifier: AccessTokenVerifier,
  facts: RequestFacts,
  requirements: Requirements,
): Promise<Outcome> {
  try {
    return { token: await verifier.verify(facts, requirements) };
  } catch (err) {
    return { refusal: verifier.refuse(err, requirements) };
  }
}

function sendRefusal(response: ServerResponse, { status, headers, body }: RefusalAnswer): void {
  response.writeHead(status, { ...headers, "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}
