import { errors, type Client, type KoaContextWithOIDC } from "oidc-provider";
import { LatchkeyError } from "../lib/errors.js";
import type { FinishAnswer } from "./finish-answers.js";

export type AnswerForJwt = (
  ctx: KoaContextWithOIDC,
  client: Client,
  token: string,
) => Promise<void>;

/** By the library's name of the route. */
export interface StructuredTokenDeps {
  readonly introspection: AnswerForJwt;
  readonly revocation: AnswerForJwt;
}

const REFUSAL = "unsupported_token_type";

/** Whether the library refused a JWT, which is then answered by `createStructuredTokens`. */
export function isJwtRefusal(err: { readonly message: string }): boolean {
  return err.message === REFUSAL;
}

/**
 * Introspection and revocation of access tokens that are JWTs. The library authenticates the client
 * and then refuses whatever looks like a JWT (its `reject_structured_tokens.js`, 9.13.3); that answer
 * is replaced by ours.
 */
export function createStructuredTokens(deps: StructuredTokenDeps): FinishAnswer {
  return (ctx) => {
    const route = ctx.oidc?.route;
    if (route !== "introspection" && route !== "revocation") return undefined;
    const { client, params } = ctx.oidc;
    const token: unknown = params?.["token"];
    if (client === undefined || typeof token !== "string" || !isRefused(ctx)) return undefined;
    return answer(ctx, () => deps[route](ctx, client, token));
  };
}

function isRefused({ status, body }: KoaContextWithOIDC): boolean {
  if (status !== 400 || typeof body !== "object" || body === null) return false;
  return Reflect.get(body, "error") === REFUSAL;
}

/** Errors are answered and told of as the library would. */
async function answer(ctx: KoaContextWithOIDC, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (err) {
    if (!(err instanceof errors.OIDCProviderError)) throw err;
    const retryAfterSeconds =
      err.cause instanceof LatchkeyError ? err.cause.retryAfterSeconds : undefined;
    if (retryAfterSeconds !== undefined) ctx.set("Retry-After", String(retryAfterSeconds));
    ctx.status = err.statusCode;
    ctx.body = { error: err.error, error_description: err.error_description };
    ctx.oidc.provider.emit(`${ctx.oidc.route}.error`, ctx, err);
  }
}
