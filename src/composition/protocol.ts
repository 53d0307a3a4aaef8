import { createProviderPages } from "../http/provider-pages.js";
import { setSealedRequestCookie } from "../http/sealed-request-cookie.js";
import { supportedAcrs } from "../oidc/authentication-context.js";
import { createFindDemand } from "../oidc/authentication-demand.js";
import { createBrowserAccounts } from "../oidc/browser-accounts.js";
import { createProvider } from "../oidc/create-provider.js";
import { createSessions } from "../oidc/create-sessions.js";
import { createInteractions, createInteractionUrl } from "../oidc/interactions.js";
import { createModelValues } from "../oidc/model-values.js";
import { createSealedRequests } from "../oidc/sealed-request.js";
import { createLogoutQueue } from "../sessions/logout-queue.js";
import { createRememberUpstream, createSaveUpstreamSession } from "../oidc/remember-upstream.js";
import { createUpstreamSessions } from "../oidc/upstream-sessions.js";
import { createUpstreamSignOut } from "../oidc/upstream-sign-out.js";
import type { Attempts } from "./attempts.js";
import type { Federation } from "./federation.js";
import type { Foundation } from "./foundation.js";
import type { Pages } from "./pages.js";
import type { Passwords } from "./passwords.js";
import type { PasskeyParts } from "./passkeys.js";
import type { SecondStepParts } from "./second-steps.js";
import type { Tokens } from "./tokens.js";

export interface ProtocolParts {
  readonly federation: Federation;
  readonly tokens: Tokens;
  readonly pages: Pages;
  readonly passwords: Passwords;
  readonly passkeyParts: PasskeyParts;
  readonly secondStepParts: SecondStepParts;
  readonly attempts: Attempts;
}

export type Protocol = ReturnType<typeof createProtocol>;

/** The library, and what people and administrators do with what it makes. */
export function createProtocol(
  foundation: Foundation,
  { tokens, pages, passwords, federation, secondStepParts, attempts }: ProtocolParts,
) {
  const { stores, secrets, basePath, clock } = foundation;
  const { revocations, statusLists, keys } = tokens;
  const shared = { ...foundation, ...stores, revocations };
  const findDemand = createFindDemand({ ...stores, ...foundation.config });
  const sealedRequests = createSealedRequests(secrets.authorizationRequests, clock);
  const logoutQueue = createLogoutQueue(stores.logoutDeliveries);
  const values = createModelValues(...secrets.modelValues);
  const sealer = secrets.modelIds;

  const providerPages = createProviderPages({
    accounts: stores.accounts,
    listHeld: (ctx) => browserAccounts.list(ctx),
    render: pages.render,
    basePath,
  });
  const handleOf = ({ uid }: { readonly uid: string }) => values.veil(uid);
  const saveUpstreamSession = createSaveUpstreamSession({ ...shared, handleOf });
  const upstreamSignOut = createUpstreamSignOut({
    ...shared,
    ...federation,
    handleOf,
    idTokenSealer: secrets.upstreamIdTokens,
    returnAddressSealer: secrets.returnAddresses,
    pages: providerPages,
  });
  const running = createProvider({
    ...shared,
    logoutQueue,
    signingKeys: keys.signingKeys,
    statusListAllocator: statusLists.allocator,
    cookieSignatures: secrets.cookies,
    dpopNonceSecrets: secrets.dpopNonces,
    pages: providerPages,
    upstreamAnswers: [createRememberUpstream(saveUpstreamSession), upstreamSignOut.leadOn],
    signingOut: {
      browserSealer: secrets.browserNotes,
      endSession: (uid) =>
        sessions.endSessions.endByUid(uid, { reason: "person", includingOffline: false }),
    },
    interactionUrl: createInteractionUrl(basePath, sealedRequests, setSealedRequestCookie),
    sealer,
    authSessionSealer: secrets.authSessions,
    signIn: passwords.signIn,
    findDemand,
    findFactors: secondStepParts.findFactors,
    attempts,
    values,
  });
  const sessions = createSessions({
    ...shared,
    ...running,
    values,
    sealer,
    cookieSignatures: secrets.cookies,
  });
  const upstreamSessionEnds = createUpstreamSessions({
    ...shared,
    ...federation,
    ...sessions,
    saveUpstreamSession,
    idTokenSealer: secrets.upstreamIdTokens,
  });
  const browserAccounts = createBrowserAccounts({
    upstreamSessionEnds,
    ...shared,
    ...sessions,
    provider: running.provider,
    browserSealer: secrets.browserNotes,
  });
  const interactions = createInteractions({
    ...stores,
    upstreamSessionEnds,
    provider: running.provider,
    browserAccounts,
    sealedRequests,
    acrValues: supportedAcrs(foundation.config),
    clock,
  });
  return {
    running,
    findDemand,
    sessions,
    browserAccounts,
    interactions,
    logoutQueue,
    upstreamSessionEnds,
    upstreamSignOut,
  };
}
