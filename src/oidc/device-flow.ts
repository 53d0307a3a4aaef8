import type { Configuration, KoaContextWithOIDC } from "oidc-provider";
import { TooManyAttempts } from "./attempt-guards.js";
import { clientName } from "./client-name.js";
import type { ProviderPages, UserCodeInputPage } from "./provider-pages.js";

type DeviceFlow = NonNullable<NonNullable<Configuration["features"]>["deviceFlow"]>;

/** The library tells its reasons by the names of error classes that it does not export. */
const PROBLEMS: Record<string, UserCodeInputPage["problem"]> = {
  NoCodeError: "missing",
  NotFoundError: "unknown",
  ExpiredError: "expired",
  AlreadyUsedError: "used",
  AbortedError: "refused",
};

/**
 * Device Authorization Grant (RFC 8628). The codes have 20^8 values (34 bits, §5.1) from letters
 * that spell no words and are told apart easily.
 */
export function createDeviceFlow(pages: ProviderPages): DeviceFlow {
  return {
    enabled: true,
    charset: "base-20",
    mask: "****-****",
    deviceInfo: (ctx) => ({ ip: ctx.ip, ua: ctx.get("user-agent") }),
    userCodeInputSource: (ctx, ...[, , err]) => {
      if (err !== undefined && abandonUnsavedSession(ctx)) return pages.renderSessionLost(ctx);
      return pages.renderUserCodeInput(ctx, {
        action: ctx.oidc.urlFor("code_verification"),
        xsrf: formSecret(ctx),
        userCode: typedCode(err),
        problem: problemOf(err),
      });
    },
    userCodeConfirmSource: (ctx, ...[, client, deviceInfo, userCode]) =>
      pages.renderUserCodeConfirm(ctx, {
        action: ctx.oidc.urlFor("code_verification"),
        xsrf: formSecret(ctx),
        userCode,
        clientName: clientName(client),
        ipAddress: String(deviceInfo["ip"]),
        userAgent: String(deviceInfo["ua"]),
        requestedAtSeconds: ctx.oidc.entities.DeviceCode?.iat ?? 0,
        scopes: requestedScopes(ctx),
      }),
    successSource: (ctx) =>
      pages.renderDeviceDone(ctx, {
        clientName: ctx.oidc.client && clientName(ctx.oidc.client),
      }),
  };
}

function problemOf(err: Error | undefined): UserCodeInputPage["problem"] {
  if (err === undefined) return undefined;
  return err instanceof TooManyAttempts ? "too_many" : (PROBLEMS[err.name] ?? "failed");
}

/** What was typed, which the library's errors carry. */
function typedCode(err: Error | undefined): string {
  return err !== undefined && "userCode" in err && typeof err.userCode === "string"
    ? err.userCode
    : "";
}

/** The value that the library wants back from a form of the session (`xsrf`). */
export function formSecret(ctx: KoaContextWithOIDC): string {
  return String(ctx.oidc.session?.state?.["secret"]);
}

/**
 * A post without our session cookie has a session that was never saved. The library gives it a form
 * secret all the same, and then fails because there is nothing to save that in.
 *
 * @returns whether the session is such a one; it is left as if it had not been touched.
 */
function abandonUnsavedSession({ oidc: { session } }: KoaContextWithOIDC): boolean {
  if (session === undefined || session.exp !== undefined) return false;
  Object.assign(session, { touched: false });
  return true;
}

function requestedScopes(ctx: KoaContextWithOIDC): string[] {
  const scope = ctx.oidc.entities.DeviceCode?.params?.["scope"];
  return typeof scope === "string" ? scope.split(" ") : [];
}
