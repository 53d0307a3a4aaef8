import type { Next } from "koa";
import { Provider, errors, type KoaContextWithOIDC } from "oidc-provider";
import type { AttemptLimits } from "../accounts/attempt-limits.js";
import type { FinishAnswer } from "./finish-answers.js";
import { requestFacts } from "./request-facts.js";
import { ROUTES } from "./routes.js";

/** Where the protocol lets strangers try something, and how often they may. */
export interface AttemptGuardDeps {
  readonly provider: Provider;
  readonly attempts: Pick<AttemptLimits, "begin" | "failed">;
  readonly openRegistration: boolean;
}

/** Puts all of them in place, and returns what is done with each answer. */
export function guardAttempts(deps: AttemptGuardDeps): FinishAnswer {
  limitUserCodes(deps);
  deps.provider.use(createLimitRegistration(deps));
  return createLimitClientFailures(deps);
}

/** RFC 6585 §4. */
export class TooManyAttempts extends errors.OIDCProviderError {
  constructor() {
    super(429, "temporarily_unavailable");
    this.error_description = DESCRIPTION;
  }
}

const DESCRIPTION = "there were too many attempts: try again later";

/** Of the endpoints at which clients authenticate. */
const CLIENT_ROUTES: ReadonlySet<string> = new Set([
  "token",
  "introspection",
  "revocation",
  "pushed_authorization_request",
  "device_authorization",
]);

/**
 * User codes that are guessed (RFC 8628 §5.1): each lookup counts before it is made, until it has
 * found a code.
 */
function limitUserCodes({ provider, attempts }: AttemptGuardDeps): void {
  const find = provider.DeviceCode.findByUserCode.bind(provider.DeviceCode);
  const limited: typeof find = async (userCode, options) => {
    const { ctx } = Provider;
    if (ctx === undefined) return find(userCode, options);
    const attempt = await attempts.begin("user_code", { from: sourceOf(ctx) });
    if (!attempt.isAllowed) {
      ctx.set("Retry-After", String(attempt.retryAfterSeconds));
      throw new TooManyAttempts();
    }
    const code = await find(userCode, options);
    if (code !== undefined) await attempt.succeeded();
    return code;
  };
  Object.assign(provider.DeviceCode, { findByUserCode: limited });
}

/** Registrations by anybody (RFC 7591 §5), and guesses at initial access tokens. */
function createLimitRegistration({ attempts, openRegistration }: AttemptGuardDeps) {
  return async (ctx: KoaContextWithOIDC, next: Next): Promise<void> => {
    if (ctx.method !== "POST" || ctx.path !== ROUTES.registration) return next();
    const attempt = await attempts.begin("registration", { from: sourceOf(ctx) });
    if (!attempt.isAllowed) return refuse(ctx, attempt.retryAfterSeconds);
    await next();
    if (ctx.status !== 401 && !openRegistration) await attempt.succeeded();
  };
}

/**
 * Clients that fail to authenticate. Their secrets are random and cannot be guessed, so whoever has
 * the right one never waits, whatever others at the same network do, and pays nothing for it.
 */
function createLimitClientFailures({ attempts }: AttemptGuardDeps): FinishAnswer {
  return (ctx) => (hasFailed(ctx) ? count(ctx) : undefined);

  async function count(ctx: KoaContextWithOIDC): Promise<void> {
    const named: unknown = ctx.oidc.client?.clientId ?? ctx.oidc.params?.["client_id"];
    const clientId = typeof named === "string" ? named : undefined;
    const attempt = { from: { ...sourceOf(ctx), clientId }, subject: clientId };
    const retryAfterSeconds = await attempts.failed("client_authentication", attempt);
    if (retryAfterSeconds > 0) refuse(ctx, retryAfterSeconds);
  }
}

function hasFailed(ctx: KoaContextWithOIDC): boolean {
  const { status, body, oidc }: { status: number; body?: unknown; oidc?: { route?: string } } = ctx;
  return (
    (status === 401 || status === 400) &&
    CLIENT_ROUTES.has(oidc?.route ?? "") &&
    typeof body === "object" &&
    body !== null &&
    "error" in body &&
    body.error === "invalid_client"
  );
}

function refuse(ctx: KoaContextWithOIDC, retryAfterSeconds: number): void {
  ctx.status = 429;
  ctx.set("Retry-After", String(retryAfterSeconds));
  ctx.remove("WWW-Authenticate");
  ctx.body = { error: "temporarily_unavailable", error_description: DESCRIPTION };
}

function sourceOf(ctx: KoaContextWithOIDC) {
  const { requestId, clientId } = requestFacts(ctx);
  return { ip: ctx.ip, requestId, clientId };
}
