/**
 * The only composition root: what stands on what, and the path of a request. The order of `use`
 * lines is the order in which a request meets them.
 */
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Router } from "@koa/router";
import Koa from "koa";
import mount from "koa-mount";
import { createAccountChanges } from "./accounts/account-changes.js";
import { createPasswordHasher, DEFAULT_PASSWORD_HASHING } from "./accounts/password-hasher.js";
import { createSignIn } from "./accounts/sign-in.js";
import { managementApiIdentifier } from "./clients/management-api.js";
import type { Config } from "./config/config.js";
import type { Deployment } from "./deployment.js";
import {
  PLAYGROUND_CLIENT_ID,
  protectedResourceIdentifier,
} from "./demonstration/create-demonstration.js";
import { loadAssets } from "./http/assets.js";
import { addCookieCheckRoutes } from "./http/cookie-check-routes.js";
import { addDevelopmentRoutes } from "./http/development-routes.js";
import { createErrorBoundary } from "./http/error-boundary.js";
import { createFormGuard } from "./http/form-guard.js";
import { addHealthRoutes } from "./http/health-routes.js";
import { addHomeRoute } from "./http/home-route.js";
import { addInteractionRoutes } from "./http/interaction-routes.js";
import { createOwnRoutes } from "./http/own-routes.js";
import { createPinOrigin } from "./http/pin-origin.js";
import { createProtectedResourceMetadataRoutes } from "./http/protected-resource-metadata.js";
import { createProviderPages } from "./http/provider-pages.js";
import { createRenderer } from "./http/render.js";
import { createRequestContext } from "./http/request-context.js";
import { setSealedRequestCookie } from "./http/sealed-request-cookie.js";
import { createSecurityHeaders } from "./http/security-headers.js";
import { addStatusListRoute } from "./http/status-list-route.js";
import { addSessionRoutes } from "./http/session-routes.js";
import { createServerMetadataAlias } from "./http/server-metadata-alias.js";
import { createTokenRoutes } from "./http/token-routes.js";
import { defaultKeyTimes, type KeyTimes } from "./keys/key-schedule.js";
import { openKeys } from "./keys/open-keys.js";
import type { SigningAlgorithm } from "./keys/signing-key.js";
import { createAudit } from "./lib/audit.js";
import { deriveSecrets } from "./lib/derived-secrets.js";
import type { Clock } from "./lib/clock.js";
import type { Logger } from "./lib/logger.js";
import { createClientAdministration } from "./oidc/client-administration.js";
import { createProvider } from "./oidc/create-provider.js";
import { createOwnApiTokens } from "./oidc/own-api-tokens.js";
import { createModelValues } from "./oidc/model-values.js";
import { createSessions } from "./oidc/create-sessions.js";
import { createInteractions, createInteractionUrl } from "./oidc/interactions.js";
import { createServerStatusLists } from "./oidc/server-status-lists.js";
import { createServerRevocations } from "./oidc/server-revocations.js";
import { createSealedRequests } from "./oidc/sealed-request.js";
import { createLogoutQueue } from "./sessions/logout-queue.js";
import { createRateLimiters } from "./storage/rate-limiter.js";
import { createStores } from "./storage/create-stores.js";

export interface AppDeps extends Omit<Deployment, "close"> {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For tests that cannot wait. */
  readonly keyTimes?: Partial<KeyTimes>;
}

/** Every algorithm that relying parties may count on has a key from the first start. */
const BASE_ALGORITHMS: readonly SigningAlgorithm[] = ["RS256", "ES256"];

export type App = Awaited<ReturnType<typeof createApp>>;

export async function createApp(deps: AppDeps) {
  const { config, secretKeys, database, redis, changes, clock, logger } = deps;
  const { issuer } = config;
  const basePath = new URL(issuer).pathname.replace(/\/$/, "");
  const managementApi = managementApiIdentifier(issuer);
  const audit = createAudit(logger);
  const secrets = deriveSecrets(secretKeys);

  const stores = createStores(deps);
  const { accounts, clients } = stores;

  const shared = { ...stores, settings: config, clock, audit, logger };

  const revocations = createServerRevocations({ ...shared, changes });

  const passwordHasher = createPasswordHasher({
    ...DEFAULT_PASSWORD_HASHING,
    ...config.passwordHash,
    concurrency: config.passwordHashConcurrency,
    queueLength: config.passwordHashQueue,
  });
  const signIn = createSignIn({ accounts, passwordHasher, logger });

  const algorithms = [...new Set([...BASE_ALGORITHMS, config.accessTokenAlgorithm])];
  const keys = await openKeys(algorithms, {
    store: stores.signingKeys,
    sealer: secrets.signingKeys,
    newestSealer: secrets.newestSigningKeys,
    times: { ...defaultKeyTimes(config.sessionAbsoluteSeconds), ...deps.keyTimes },
    rotationSeconds: config.signingKeyRotationSeconds,
    changes,
    clock,
    audit,
    logger,
  });
  const { signingKeys } = keys;

  const statusLists = createServerStatusLists({ ...shared, revocations, signingKeys });

  const assets = loadAssets({ directory: join(viewsDirectory, "assets"), basePath });
  const { render } = createRenderer({ viewsDirectory, assets, basePath });
  const sealedRequests = createSealedRequests(secrets.authorizationRequests, clock);

  const logoutQueue = createLogoutQueue(stores.logoutDeliveries);
  const values = createModelValues(...secrets.modelValues);
  const running = createProvider({
    ...shared,
    logoutQueue,
    signingKeys,
    revocations,
    statusListAllocator: statusLists.allocator,
    cookieSignatures: secrets.cookies,
    dpopNonceSecrets: secrets.dpopNonces,
    pages: createProviderPages({ accounts, render, basePath }),
    interactionUrl: createInteractionUrl(basePath, sealedRequests, setSealedRequestCookie),
    sealer: secrets.modelIds,
    authSessionSealer: secrets.authSessions,
    signIn,
    values,
  });
  const { provider, directSignIn, findLiveAccessToken } = running;
  const sessions = createSessions({
    ...shared,
    ...running,
    revocations,
    values,
    sealer: secrets.modelIds,
    cookieSignatures: secrets.cookies,
  });
  const interactions = createInteractions({
    ...stores,
    provider,
    sealedRequests,
    sessionSeconds: config.sessionIdleSeconds,
    clock,
  });

  let draining = false;
  let playgroundSecret = "";
  const router = new Router();
  addHealthRoutes(router, {
    stores: [database, ...(redis === undefined ? [] : [redis])],
    isDraining: () => draining,
  });
  addStatusListRoute(router, { statusLists: statusLists.publisher, clock });
  addSessionRoutes(router, {
    ...config,
    ...shared,
    sessions,
    findPresentedToken: running.findPresentedToken,
    createRateLimiter: createRateLimiters(redis),
    managementApi,
    sessionCookieName: provider.cookieName("session"),
  });
  addHomeRoute(router, { config, render, basePath });
  addCookieCheckRoutes(router, { render, basePath });
  addInteractionRoutes(router, {
    ...stores,
    interactions,
    signIn,
    formGuard: createFormGuard(secrets.forms, issuer),
    render,
    audit,
    basePath,
    issuer,
  });
  if (config.mode === "development") {
    const resource = protectedResourceIdentifier(issuer);
    addDevelopmentRoutes(router, {
      ...createOwnApiTokens(provider, findLiveAccessToken, resource),
      publicKeys: signingKeys.published,
      issuer,
      basePath,
      render,
      clientId: PLAYGROUND_CLIENT_ID,
      clientSecret: () => playgroundSecret,
      resource,
      clock,
    });
  }

  const koa = new Koa({
    proxy: config.trustedProxies.hops > 0,
    maxIpsCount: config.trustedProxies.hops,
  });
  // The library signs cookies through its own context and through ours.
  koa.keys = provider.keys;
  koa.use(createRequestContext(logger, clock));
  koa.use(createSecurityHeaders(issuer));
  koa.use(createErrorBoundary({ render, logger, basePath }));
  koa.use(createPinOrigin({ ...config, request: koa.request }));
  koa.use(assets.serve);
  koa.use(createServerMetadataAlias(basePath));
  koa.use(createProtectedResourceMetadataRoutes({ ...stores, ...config, basePath }));
  koa.use(mount(basePath || "/", createOwnRoutes(router)));
  koa.use(createTokenRoutes({ issuer, directSignIn }));
  koa.use(mount(basePath || "/", provider));

  const answer = koa.callback();
  return {
    ...stores,
    ...running,
    audit,
    ...createAccountChanges({
      accounts,
      passwordHasher,
      issuerHost: new URL(issuer).host,
      endAccess: sessions.endAccess,
    }),
    logoutQueue,
    ...sessions,
    managementApi,
    revocations,
    clientAdministration: createClientAdministration({ ...running, clients, revocations, audit }),
    /** Answers every request; Koa never lets it reject. */
    handler: ((req, res) => void answer(req, res)) satisfies RequestListener,
    clock,
    ...keys,
    /** The playground's client has a new secret at each start (`registerPlayground`). */
    setPlaygroundSecret: (secret: string) => {
      playgroundSecret = secret;
    },
    /** Readiness turns red; requests are still answered. */
    drain: () => {
      draining = true;
    },
    close: async () => {
      revocations.close();
      await signingKeys.close();
      await running.close();
      await passwordHasher.close();
    },
  };
}

const viewsDirectory = fileURLToPath(new URL("../../views", import.meta.url));
