/**
 * The only composition root: what stands on what, and the path of a request. The order of `use`
 * lines is the order in which a request meets them. Each part is put together in `composition/`.
 */
import type { RequestListener } from "node:http";
import Koa from "koa";
import mount from "koa-mount";
import { createAccountChanges } from "./accounts/account-changes.js";
import { createAttempts } from "./composition/attempts.js";
import { createFederation } from "./composition/federation.js";
import { createFoundation, type AppDeps } from "./composition/foundation.js";
import { createLeavingAccounts } from "./composition/leaving-accounts.js";
import { createMail } from "./composition/mail.js";
import { loadPages } from "./composition/pages.js";
import { openPasswords } from "./composition/passwords.js";
import { createProtocol } from "./composition/protocol.js";
import { createRoutes } from "./composition/routes.js";
import { createPasskeys } from "./composition/passkeys.js";
import { createSecondStepParts } from "./composition/second-steps.js";
import { openTokens } from "./composition/tokens.js";
import { createChangePasswordUrl } from "./http/change-password-url.js";
import { createErrorBoundary } from "./http/error-boundary.js";
import { createOwnRoutes } from "./http/own-routes.js";
import { createPasskeyEndpoints } from "./http/passkeys/passkey-endpoints.js";
import { createPinOrigin } from "./http/pin-origin.js";
import { createProtectedResourceMetadataRoutes } from "./http/protected-resource-metadata.js";
import { createRequestContext } from "./http/request-context.js";
import { createSecurityHeaders } from "./http/security-headers.js";
import { createServerMetadataAlias } from "./http/server-metadata-alias.js";
import { createTokenRoutes } from "./http/token-routes.js";
import { createClientAdministration } from "./oidc/client-administration.js";

export type App = Awaited<ReturnType<typeof createApp>>;

export async function createApp(deps: AppDeps) {
  const foundation = createFoundation(deps);
  const { config, stores, audit, issuer, basePath, clock, logger } = foundation;
  const pages = deps.pages ?? loadPages(foundation);
  const mail = createMail(foundation, pages);
  const attempts = createAttempts(foundation, mail);
  const passwords = await openPasswords(foundation, attempts);
  const tokens = await openTokens(foundation);
  const federation = createFederation(foundation, tokens);
  const passkeyParts = createPasskeys(foundation);
  const secondStepParts = createSecondStepParts(foundation, passkeyParts);
  const parts = {
    tokens,
    pages,
    mail,
    passwords,
    federation,
    attempts,
    passkeyParts,
    secondStepParts,
  };
  const protocol = createProtocol(foundation, parts);
  const accountChanges = createAccountChanges({
    ...passwords,
    ...stores,
    clock,
    endAccess: protocol.sessions.endAccess,
  });
  const leavingAccounts = createLeavingAccounts(foundation, { mail, sessions: protocol.sessions });
  const routes = createRoutes(foundation, {
    ...parts,
    protocol,
    accountChanges,
    leavingAccounts,
  });

  const { keys, revocations } = tokens;
  const { running, sessions, logoutQueue } = protocol;
  const { provider, directSignIn } = running;

  const koa = new Koa({
    proxy: config.trustedProxies.hops > 0,
    maxIpsCount: config.trustedProxies.hops,
  });
  // The library signs cookies through its own context and through ours.
  koa.keys = provider.keys;
  koa.use(createRequestContext(logger, clock));
  koa.use(createSecurityHeaders(issuer));
  koa.use(createErrorBoundary({ render: pages.render, logger, basePath }));
  koa.use(createPinOrigin({ ...config, request: koa.request, logger }));
  koa.use(pages.assets.serve);
  koa.use(createServerMetadataAlias(basePath));
  koa.use(createChangePasswordUrl(basePath));
  koa.use(createPasskeyEndpoints({ ...passkeyParts, issuer, basePath }));
  koa.use(createProtectedResourceMetadataRoutes({ ...stores, ...config, basePath }));
  koa.use(mount(basePath || "/", createOwnRoutes(routes.router)));
  koa.use(createTokenRoutes({ issuer, directSignIn }));
  koa.use(mount(basePath || "/", provider));
  const answer = koa.callback();

  return {
    ...stores,
    ...running,
    ...sessions,
    ...keys,
    ...federation,
    ...secondStepParts,
    ...mail,
    attempts,
    clock,
    audit,
    flushActivity: foundation.flushActivity,
    logoutQueue,
    revocations,
    managementApi: foundation.managementApi,
    ...accountChanges,
    ...leavingAccounts,
    clientAdministration: createClientAdministration({
      ...running,
      ...stores,
      revocations,
      audit,
      theme: config.theme,
    }),
    /** Answers every request; Koa never lets it reject. */
    handler: ((req, res) => void answer(req, res)) satisfies RequestListener,
    setPlaygroundSecret: routes.setPlaygroundSecret,
    drain: routes.drain,
    close: async () => {
      revocations.close();
      await keys.signingKeys.close();
      await running.close();
      await passwords.closePasswordPolicy();
      await passwords.passwordHasher.close();
      await foundation.flushActivity();
    },
  };
}
