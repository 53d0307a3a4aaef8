import type { KoaContextWithOIDC } from "oidc-provider";
import type { FinishAnswer } from "./finish-answers.js";
import type { ProviderPages } from "./provider-pages.js";

/**
 * The library's own pages that submit themselves (response mode form_post, sign-out of nobody, of
 * the person before another one) end at the client. Browsers hold `form-action` against the post,
 * and Chromium against every redirect after it, so the policy must allow that address.
 */
export function createFormPostReturn(pages: ProviderPages): FinishAnswer {
  return (ctx) => {
    // Only the library adds hashes, and only for these pages.
    // Koa's own getter would copy all headers of every answer.
    const policy = ctx.res.getHeader("Content-Security-Policy");
    if (!String(policy).includes("'sha256-")) return;
    pages.allowFormReturn(ctx, returnAddress(ctx));
  };
}

function returnAddress({ oidc: { params, entities } }: KoaContextWithOIDC): string | undefined {
  const address =
    params?.["redirect_uri"] ??
    params?.["post_logout_redirect_uri"] ??
    entities.Interaction?.params["redirect_uri"];
  return typeof address === "string" ? address : undefined;
}
