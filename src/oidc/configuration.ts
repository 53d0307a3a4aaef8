import {
  errors,
  type ClientAuthMethod,
  type Configuration,
  type KoaContextWithOIDC,
  type ResponseType,
} from "oidc-provider";
import { generateClientId } from "../clients/client-id.js";
import type { SigningAlgorithm } from "../keys/signing-key.js";
import type { CookieSignatures } from "../lib/cookie-signatures.js";
import { createApiClaims } from "./api-claims.js";
import { addAuthenticationClaims, extraTokenClaims } from "./authentication-claims.js";
import type { SecondStepSetting } from "./authentication-demand.js";
import { createAccessTokenCustomizer } from "./access-token-claims.js";
import { supportedAcrs } from "./authentication-context.js";
import { CLAIMS_BY_SCOPE, SCOPES } from "./claims.js";
import {
  clientBasedCors,
  createAssertClientAssertion,
  createIntrospectionPolicy,
  mayRevoke,
  rotateRefreshToken,
} from "./client-policies.js";
import type { ProviderDeps } from "./create-provider.js";
import { createMutualTls } from "./client-certificate.js";
import { createDefaultResource } from "./default-resource.js";
import { createDeviceFlow } from "./device-flow.js";
import { createLoadExistingGrant } from "./grants.js";
import type { TokenAncestors } from "./token-ancestors.js";
import type { AreTokensAlive } from "./token-liveness.js";
import { createInteractionPolicy } from "./interaction-policy.js";
import { createLifetimes, type Lifetimes } from "./lifetimes.js";
import { createOutboundFetch, OUTBOUND_BODY_BYTES } from "./outbound-fetch.js";
import type { ProviderPages } from "./provider-pages.js";
import { DPOP_ALGORITHMS } from "./protected-resource-metadata.js";
import { createResourceServerInfo } from "./resource-server-info.js";
import { GLOBAL_TOKEN_REVOCATION_ROUTE, ROUTES } from "./routes.js";
import { createRpInitiatedLogout } from "./rp-initiated-logout.js";
import type { SignOut } from "./sign-out.js";
import { createStatusListClaim } from "./status-list-claim.js";
import { createAddTokenReferences } from "./token-references.js";
import { LANGUAGE_TAGS } from "../language/languages.js";

export interface ProviderSettings extends Lifetimes {
  readonly secondStep: SecondStepSetting;
  readonly passkeys: boolean;
  readonly issuer: string;
  readonly accessTokenAlgorithm: SigningAlgorithm;
  /** False: anyone may register a client; true: only with an initial access token (RFC 7591 §3). */
  /** In lower case; undefined: certificates of clients are not known. */
  readonly clientCertificateHeader: string | undefined;
  readonly openRegistration: boolean;
  /** People may make accounts for themselves. */
  readonly signUp: boolean;
  readonly pkceRequired: "all" | "public";
  readonly responseTypes: readonly ResponseType[];
  readonly authorizationPost: boolean;
  readonly outboundAllowedHosts: readonly string[];
}

/** Client authentication without `client_secret_jwt`, which needs the secret in the clear. */
const CLIENT_AUTH_METHODS: ClientAuthMethod[] = [
  "client_secret_basic",
  "client_secret_post",
  "private_key_jwt",
  "none",
];

const CERTIFICATE_AUTH_METHOD: ClientAuthMethod = "self_signed_tls_client_auth";

/** Asymmetric only: HS256 needs the client secret in the clear, and `none` proves nothing. */
const CLIENT_SIGNING_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"] as const;

export interface ConfigurationDeps extends ProviderDeps {
  readonly ancestors: TokenAncestors;
  readonly areTokensAlive: AreTokensAlive;
  readonly signOut: SignOut;
}

export function createConfiguration(deps: ConfigurationDeps): Configuration {
  const { settings, signingKeys, pages, clients, clock } = deps;
  const serverAlgorithms = [...signingKeys.algorithms()];

  return {
    acrValues: supportedAcrs(settings),
    assertJwtClientAuthClaimsAndHeader: createAssertClientAssertion(clock),
    claims: CLAIMS_BY_SCOPE,
    clientAuthMethods: [
      ...CLIENT_AUTH_METHODS,
      ...(settings.clientCertificateHeader === undefined ? [] : [CERTIFICATE_AUTH_METHOD]),
    ],
    clientBasedCORS: clientBasedCors,
    cookies: cookies(settings, deps.cookieSignatures),
    discovery: {
      ui_locales_supported: LANGUAGE_TAGS,
      // Initiating User Registration 1.0 §4.2 defines the member.
      prompt_values_supported: [
        "none",
        "login",
        "consent",
        "select_account",
        ...(settings.signUp ? ["create"] : []),
      ],
      // draft-parecki-oauth-global-token-revocation-06
      global_token_revocation_endpoint: settings.issuer + GLOBAL_TOKEN_REVOCATION_ROUTE,
      global_token_revocation_endpoint_auth_methods_supported: ["Bearer"],
    },
    enabledJWA: {
      clientAuthSigningAlgValues: [...CLIENT_SIGNING_ALGORITHMS],
      requestObjectSigningAlgValues: [...CLIENT_SIGNING_ALGORITHMS],
      idTokenSigningAlgValues: serverAlgorithms,
      userinfoSigningAlgValues: serverAlgorithms,
      introspectionSigningAlgValues: serverAlgorithms,
      authorizationSigningAlgValues: serverAlgorithms,
      dPoPSigningAlgValues: [...DPOP_ALGORITHMS],
    },
    enableHttpPostMethods: settings.authorizationPost,
    // Names a provider to sign in with; the library drops parameters that it does not know.
    extraParams: ["idp_hint"],
    extraTokenClaims,
    features: features(deps),
    fetch: createOutboundFetch(settings.outboundAllowedHosts),
    fetchResponseBodyLimits: {
      jwks_uri: OUTBOUND_BODY_BYTES,
      sector_identifier_uri: OUTBOUND_BODY_BYTES,
    },
    formats: {
      customizers: {
        jwt: createAccessTokenCustomizer(deps.resourceServers, [
          createAddTokenReferences(deps.values),
          deps.ancestors.claims,
          addAuthenticationClaims,
          createApiClaims(deps),
          createStatusListClaim(deps),
        ]),
      },
    },
    interactions: {
      policy: createInteractionPolicy(clients, { ...settings, findDemand: deps.findDemand }),
      url: deps.interactionUrl,
    },
    // A client that registered the refresh grant gets to use it; without offline_access the token
    // ends with the session.
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    jwks: {
      keys: [...signingKeys.ring().current] as NonNullable<Configuration["jwks"]>["keys"],
    },
    loadExistingGrant: createLoadExistingGrant(deps),
    pkce: {
      required: (_ctx, client) =>
        settings.pkceRequired === "all" || client.clientAuthMethod === "none",
    },
    renderError: createRenderError(pages),
    responseTypes: [...settings.responseTypes],
    rotateRefreshToken,
    routes: ROUTES,
    scopes: SCOPES,
    subjectTypes: ["public"],
    ttl: createLifetimes(settings, clock),
  };
}

function features(deps: ConfigurationDeps): NonNullable<Configuration["features"]> {
  const { settings, pages, signOut } = deps;
  return {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    claimsParameter: { enabled: true },
    clientCredentials: { enabled: true },
    deviceFlow: createDeviceFlow(pages),
    dPoP: { enabled: true, nonceSecret: deps.dpopNonceSecrets[0], requireNonce: () => false },
    introspection: { enabled: true, allowedPolicy: createIntrospectionPolicy(deps) },
    jwtIntrospection: { enabled: true },
    jwtResponseModes: { enabled: true },
    jwtUserinfo: { enabled: true },
    mTLS: createMutualTls(settings.clientCertificateHeader),
    pushedAuthorizationRequests: { enabled: true },
    registration: {
      enabled: true,
      initialAccessToken: !settings.openRegistration,
      idFactory: generateClientId,
    },
    registrationManagement: { enabled: true },
    requestObjects: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: createResourceServerInfo({ ...deps, ...settings }),
      ...createDefaultResource(deps),
    },
    revocation: { enabled: true, allowedPolicy: mayRevoke },
    rpInitiatedLogout: createRpInitiatedLogout(pages, signOut),
    userinfo: { enabled: true },
  };
}

/**
 * `__Host-` binds the session to this host and path `/`; cookies with a path of their own can only
 * be `__Secure-`; plain http (development on loopback) can be neither.
 */
function cookies(
  settings: ProviderSettings,
  signatures: CookieSignatures,
): NonNullable<Configuration["cookies"]> {
  const secure = settings.issuer.startsWith("https:");
  const options = {
    httpOnly: true,
    // A cross-site POST to /auth carries cookies only with `none`.
    sameSite: settings.authorizationPost ? ("none" as const) : ("lax" as const),
    signed: true,
  };
  return {
    keys: signatures,
    long: { ...options, path: "/" },
    short: options,
    names: {
      session: secure ? "__Host-latchkey_session" : "latchkey_session",
      interaction: secure ? "__Secure-latchkey_interaction" : "latchkey_interaction",
      resume: secure ? "__Secure-latchkey_resume" : "latchkey_resume",
    },
  };
}

/** Routes that people look at; all others answer programs, whatever `Accept` says. */
const PAGE_ROUTES = new Set([
  "authorization",
  "resume",
  "end_session",
  "end_session_confirm",
  "end_session_success",
  "code_verification",
  "device_resume",
]);

function createRenderError(pages: ProviderPages): NonNullable<Configuration["renderError"]> {
  return async (ctx: KoaContextWithOIDC, out, err) => {
    if (!PAGE_ROUTES.has(ctx.oidc.route)) {
      ctx.body = out;
      return;
    }
    await pages.renderError(ctx, {
      error: out.error,
      errorDescription: out.error_description,
      lostInteraction: ctx.oidc.route === "resume" && err instanceof errors.SessionNotFound,
    });
  };
}
