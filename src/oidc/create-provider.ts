/**
 * Everything that knows oidc-provider: its configuration, adapter, interactions, grants, claims and
 * events. Owns the protocol; does not own pages (`http/`) or storage (`storage/`). Called by `app.ts`.
 */
import { hash } from "node:crypto";
import type { Configuration, Provider } from "oidc-provider";
import type { AccountStore } from "../accounts/account-store.js";
import { createPublishedApis } from "../clients/published-apis.js";
import type { ClientStore } from "../clients/client-store.js";
import type { ResourceServerStore } from "../clients/resource-server-store.js";
import type { TokenExchangePolicyStore } from "../clients/token-exchange-policy-store.js";
import type { ConsentStore } from "../accounts/consent-store.js";
import type { SigningKeys } from "../keys/signing-keys.js";
import type { Audit } from "../lib/audit.js";
import type { Clock } from "../lib/clock.js";
import type { CookieSignatures } from "../lib/cookie-signatures.js";
import type { Logger } from "../lib/logger.js";
import type { LogoutQueue } from "../sessions/logout-queue.js";
import type { Sealer } from "../lib/seal.js";
import type { AttemptLimits } from "../accounts/attempt-limits.js";
import type { SignIn } from "../accounts/sign-in.js";
import { tellAskedAcr, type FindDemand } from "./authentication-demand.js";
import type { FindFactors } from "./next-step.js";
import { guardAttempts } from "./attempt-guards.js";
import { createAuthSessions } from "./auth-session.js";
import { createIssueCode } from "./direct-code.js";
import { createDirectSignIn, type DirectSignIn } from "./direct-sign-in.js";
import { tellAddedMembers } from "./first-party-errors.js";
import { createFirstPartyMetadata, registerFirstPartyGrants } from "./first-party-grants.js";
import { createPushRequest } from "./restart-request.js";
import type { Revocations } from "../tokens/revocations.js";
import { createVerifyIssuedAccessToken } from "../tokens/verify-issued-access-token.js";
import { createAdapterFactory } from "./adapter.js";
import { createBackchannelLogout, type BackchannelLogout } from "./backchannel-logout.js";
import { CommittingProvider } from "./committing-provider.js";
import { compareSecretHashes } from "./compare-secret-hashes.js";
import { createConsumptions } from "./consumptions.js";
import { createFindAccount } from "./find-account.js";
import { createDoubt } from "./doubt.js";
import { createTellProtectedResources } from "./protected-resource-metadata.js";
import { createSessionIdOf } from "./id-at-rest.js";
import { createIsShownTo } from "./client-policies.js";
import { createIntrospectJwt } from "./jwt-introspection.js";
import { createRevokeJwt, createRevokeLiveToken, type RevokeLiveToken } from "./jwt-revocation.js";
import { createStructuredTokens } from "./structured-tokens.js";
import { createIsEnded } from "./is-ended.js";
import { limitDevicePolling, tellPollingInterval } from "./device-polling.js";
import { listenToProvider } from "./events.js";
import { createFindLiveAccessToken, type FindLiveAccessToken } from "./find-live-access-token.js";
import { createFormPostReturn } from "./form-post-return.js";
import { createRegistrationSecrets } from "./registration-secrets.js";
import { createRevokeBefore } from "./revoke-before.js";
import { createRevocationAudit } from "./revocation-audit.js";
import type { StatusListAllocator } from "../tokens/status-list-allocator.js";
import { createNoteSignOut } from "./rp-initiated-logout.js";
import { createSignOut } from "./sign-out.js";
import type { SignedOutNotes } from "./signed-out-notes.js";
import type { ModelStore } from "./model-store.js";
import type { ProviderPages } from "./provider-pages.js";
import { createConfiguration, type ProviderSettings } from "./configuration.js";
import type { ModelValues } from "./model-values.js";
import { placeModels } from "./place-models.js";
import { keepUpstream } from "./session-upstream.js";
import { translateOutages } from "./translate-outages.js";
import { GRANT_ROUTES, ROUTES } from "./routes.js";
import { createValidatedClients } from "./validated-clients.js";
import { createFinishAnswers, type FinishAnswer } from "./finish-answers.js";
import { createTokenAncestors } from "./token-ancestors.js";
import { registerTokenExchange } from "./token-exchange.js";
import { createAreTokensAlive } from "./token-liveness.js";
import { createFindPresentedToken, type FindPresentedToken } from "./presented-token.js";
import { acceptNoncesOf, followKeys } from "./library-internals.js";
import { leaveGrantsToPolicy } from "./leave-grants-to-policy.js";
import { letMetadataBeCached } from "./metadata-caching.js";

export interface ProviderDeps {
  readonly settings: ProviderSettings;
  readonly signingKeys: SigningKeys;
  readonly cookieSignatures: CookieSignatures;
  /** 32 bytes each, the same on every node (RFC 9449 §8); nonces are made with the first. */
  readonly dpopNonceSecrets: readonly [Buffer, ...Buffer[]];
  readonly models: ModelStore;
  readonly revocations: Revocations;
  readonly accounts: AccountStore;
  readonly consents: ConsentStore;
  readonly clients: ClientStore;
  readonly resourceServers: ResourceServerStore;
  readonly tokenExchangePolicies: TokenExchangePolicyStore;
  readonly logoutQueue: Pick<LogoutQueue, "enqueueLogout">;
  readonly statusListAllocator: StatusListAllocator;
  readonly pages: ProviderPages;
  readonly interactionUrl: NonNullable<NonNullable<Configuration["interactions"]>["url"]>;
  readonly sealer: Sealer;
  readonly authSessionSealer: Sealer;
  readonly signingOut: Omit<Parameters<typeof createSignOut>[0], "findClient">;
  /** What answers to browsers have because of other providers. */
  readonly upstreamAnswers: readonly FinishAnswer[];
  readonly signIn: SignIn;
  readonly findDemand: FindDemand;
  readonly findFactors: FindFactors;
  readonly attempts: AttemptLimits;
  readonly values: ModelValues;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly logger: Logger;
}

export interface RunningProvider {
  readonly provider: Provider;
  readonly directSignIn: DirectSignIn;
  readonly backchannelLogout: BackchannelLogout;
  readonly findLiveAccessToken: FindLiveAccessToken;
  readonly findPresentedToken: FindPresentedToken;
  readonly revokeLiveToken: RevokeLiveToken;
  readonly signedOutNotes: SignedOutNotes;
  /** Ends what goes on after the requests. */
  readonly close: () => Promise<void>;
}

export function createProvider(given: ProviderDeps): RunningProvider {
  const doubt = createDoubt(given.clock);
  const deps: ProviderDeps = {
    ...given,
    models: translateOutages(given.models, () => doubt.noteOutage()),
    accounts: translateOutages(given.accounts),
    consents: translateOutages(given.consents),
    clients: translateOutages(given.clients),
    resourceServers: translateOutages(given.resourceServers),
    tokenExchangePolicies: translateOutages(given.tokenExchangePolicies),
    statusListAllocator: translateOutages(given.statusListAllocator),
    revocations: translateOutages(given.revocations),
  };
  const { settings, models, accounts, audit, logger, clock } = deps;
  const consumptions = createConsumptions({ models, logger });
  const validatedClients = createValidatedClients(deps.clients);
  const ancestors = createTokenAncestors(deps.sealer);
  const isEnded = createIsEnded(deps);
  const signOut = createSignOut({
    ...deps.signingOut,
    findClient: (id) => provider.Client.find(id),
  });
  const provider: CommittingProvider = new CommittingProvider(settings.issuer, {
    ...createConfiguration({
      ...deps,
      ancestors,
      areTokensAlive: (tokens) => areTokensAlive(tokens),
      signOut,
    }),
    adapter: createAdapterFactory({
      ...deps,
      consumptions,
      doubt,
      isEnded,
      revokeBefore: createRevokeBefore(deps.revocations),
      clients: validatedClients.clients,
    }),
    findAccount: createFindAccount(accounts),
  });
  const areTokensAlive = createAreTokensAlive({ ...deps, provider });
  const findLiveAccessToken = createFindLiveAccessToken({
    ...deps,
    verifyAccessToken: createVerifyIssuedAccessToken({
      issuer: settings.issuer,
      publicKeys: deps.signingKeys.published,
      clock,
    }),
    isEnded,
    ancestors,
    areTokensAlive,
  });

  followKeys(provider, deps.signingKeys);
  acceptNoncesOf(provider, deps.dpopNonceSecrets.slice(1));
  compareSecretHashes(provider);
  // The library reads, then writes; two nodes could both find nothing.
  provider.ReplayDetection.unique = (iss, jti, exp) =>
    models.insertOnce("ReplayDetection", replayId(iss, jti), { iss }, exp - clock.nowSeconds());

  placeModels(provider, deps.values);
  keepUpstream(provider, clock);
  tellAskedAcr(provider);
  ancestors.keepIn(provider);
  leaveGrantsToPolicy(provider);
  const directSignIn = createDirectSignIn(deps.clients, clock);
  registerFirstPartyGrants({
    ...deps,
    provider,
    directSignIn,
    issueCode: createIssueCode(settings),
    authSessions: createAuthSessions(deps.authSessionSealer, clock),
    pushRequest: createPushRequest(provider, clock),
  });
  validatedClients.keepFor(provider);
  limitDevicePolling(provider, models);
  const findPresentedToken = createFindPresentedToken({
    ...deps,
    provider,
    ancestors,
    areTokensAlive,
    findLiveAccessToken,
  });
  registerTokenExchange({ ...deps, provider, ancestors, findToken: findPresentedToken });
  const { enqueueLogout } = deps.logoutQueue;
  const backchannelLogout = createBackchannelLogout(provider, translateOutages({ enqueueLogout }));
  const surroundings = {
    models,
    consumptions,
    sessionIdOf: createSessionIdOf(deps),
    sessionCookie: provider.cookieName("session"),
  };
  const revokeLiveToken = createRevokeLiveToken(deps);
  provider.use(
    createFinishAnswers(surroundings, [
      createStructuredTokens({
        introspection: createIntrospectJwt({
          findLiveAccessToken,
          isShownTo: createIsShownTo(deps),
        }),
        revocation: createRevokeJwt({ findLiveAccessToken, revokeLiveToken, audit }),
      }),
      createFirstPartyMetadata(directSignIn, settings.issuer + GRANT_ROUTES.authorizationChallenge),
      createTellProtectedResources(createPublishedApis(deps)),
      letMetadataBeCached,
      tellAddedMembers,
      createFormPostReturn(deps.pages),
      createRevocationAudit(audit),
      createNoteSignOut(signOut.notes),
      ...deps.upstreamAnswers,
      tellPollingInterval,
      guardAttempts({ ...settings, ...deps, provider }),
    ]),
  );
  provider.use(createRegistrationSecrets(ROUTES.registration));
  listenToProvider(provider, { audit, logger });
  return {
    provider,
    directSignIn,
    backchannelLogout,
    findLiveAccessToken,
    findPresentedToken,
    revokeLiveToken,
    signedOutNotes: signOut.notes,
    close: () => consumptions.stop(),
  };
}

function replayId(iss: string, jti: string): string {
  return hash("sha256", JSON.stringify([iss, jti]), "base64url");
}
