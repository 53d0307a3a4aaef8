import {
  buildAuthorizationUrl,
  buildAuthorizationUrlWithPAR,
  calculatePKCECodeChallenge,
  genericGrantRequest,
  randomPKCECodeVerifier,
  randomState,
  type ServerMetadata,
} from "openid-client";
import { FederationError } from "./federation-error.js";
import { findMetadataGaps } from "./find-metadata-gaps.js";
import { good, notice, problem, type ProviderFinding } from "./provider-finding.js";
import { toFederationError } from "./to-federation-error.js";
import type { UpstreamConnection, UpstreamConnections } from "./upstream-connections.js";
import type { UpstreamAuthentication, UpstreamProvider } from "./upstream-provider.js";

export interface DiagnoseProviderDeps {
  readonly connections: UpstreamConnections;
  readonly callbackUrl: string;
}

/** What a trial request is about; no person takes part in it. */
interface Trial {
  readonly provider: UpstreamProvider;
  readonly connection: UpstreamConnection;
  readonly callbackUrl: string;
}

/**
 * Asks a provider whether people could sign in through it, as far as that can be told without one:
 * what it says of itself, whether it takes our credentials and our redirect URI.
 */
export async function diagnoseProvider(
  provider: UpstreamProvider,
  { connections, callbackUrl }: DiagnoseProviderDeps,
): Promise<ProviderFinding[]> {
  let connection: UpstreamConnection;
  try {
    connection = await connections.open(provider);
  } catch (err) {
    const { detail } = toFederationError(err);
    return [problem(`The provider cannot be used: ${detail}.`)];
  }
  const trial = { provider, connection, callbackUrl };
  return [
    good(describeEndpoints(provider, connection.metadata)),
    ...findMetadataGaps(provider, connection.metadata),
    ...(provider.kind === "openid" ? [await tryKeys(trial)] : []),
    ...(connection.metadata.pushed_authorization_request_endpoint === undefined
      ? [await tryCredentials(trial), await tryRedirectUri(trial)]
      : [await tryPushedRequest(trial)]),
  ];
}

/** The way to prove ourselves that a provider takes, if it is one with a secret, too. */
export async function suggestAuthentication(
  provider: Omit<UpstreamProvider, "version">,
  connections: UpstreamConnections,
): Promise<UpstreamAuthentication> {
  if (provider.authentication !== "client_secret_basic") return provider.authentication;
  try {
    const { metadata } = await connections.open({ ...provider, version: 1 });
    const methods = metadata.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    const isPost =
      !methods.includes("client_secret_basic") && methods.includes("client_secret_post");
    return isPost ? "client_secret_post" : "client_secret_basic";
  } catch (err) {
    // What is wrong, the diagnosis says.
    if (err instanceof FederationError) return provider.authentication;
    throw err;
  }
}

function describeEndpoints({ kind, issuer }: UpstreamProvider, metadata: ServerMetadata): string {
  return kind === "openid"
    ? `It answers at ${issuer} and calls itself so.`
    : `Its preset leads to ${metadata.authorization_endpoint}.`;
}

async function tryKeys({ connection }: Trial): Promise<ProviderFinding> {
  const { jwks_uri: url } = connection.metadata;
  if (url === undefined) return problem("It publishes no keys: its ID tokens cannot be verified.");
  try {
    const response = await get(connection, url);
    const { keys }: { keys?: unknown } = JSON.parse(await response.text());
    return response.status === 200 && Array.isArray(keys) && keys.length > 0
      ? good(`It publishes ${keys.length} keys.`)
      : problem(`Its keys cannot be read at ${url}.`);
  } catch (err) {
    return problem(`Its keys cannot be read at ${url}: ${toFederationError(err).detail}.`);
  }
}

/** Tells of client id, credentials and redirect URI at once. */
async function tryPushedRequest(trial: Trial): Promise<ProviderFinding> {
  try {
    await buildAuthorizationUrlWithPAR(trial.connection.configuration, await parametersOf(trial));
    return good("It took a pushed request: client id, credentials and redirect URI are right.");
  } catch (err) {
    return toProblem(toFederationError(err), trial);
  }
}

/** A code that cannot exist: whoever says so has accepted the credentials. */
async function tryCredentials(trial: Trial): Promise<ProviderFinding> {
  const { configuration } = trial.connection;
  try {
    await genericGrantRequest(configuration, "authorization_code", {
      code: "latchkey-provider-test",
      redirect_uri: trial.callbackUrl,
      code_verifier: randomPKCECodeVerifier(),
    });
    return notice("It took a code that it cannot have made: the credentials could not be tried.");
  } catch (err) {
    const error = toFederationError(err);
    if (error.problem === "code_refused") return good("It takes the client id and credentials.");
    return error.problem === "upstream_rejects_us" && isAboutClient(error)
      ? toProblem(error, trial)
      : notice(`The credentials could not be tried: ${error.detail}.`);
  }
}

/** Without a person: a provider that knows the redirect URI sends its refusal there. */
async function tryRedirectUri(trial: Trial): Promise<ProviderFinding> {
  const { configuration } = trial.connection;
  const parameters = { ...(await parametersOf(trial)), prompt: "none" };
  const url = buildAuthorizationUrl(configuration, parameters);
  try {
    const response = await get(trial.connection, url.href);
    const location = response.headers.get("Location") ?? "";
    if (location.startsWith(trial.callbackUrl)) return good("It knows the redirect URI.");
    return response.status >= 400
      ? problem(
          `It refuses the client id or the redirect URI ${trial.callbackUrl}: register it there.`,
        )
      : notice(`Whether it knows the redirect URI could not be told: ${trial.callbackUrl}.`);
  } catch (err) {
    return problem(`Its login page cannot be reached: ${toFederationError(err).detail}.`);
  }
}

async function parametersOf({ provider, callbackUrl }: Trial): Promise<Record<string, string>> {
  return {
    ...provider.authorizationParameters,
    redirect_uri: callbackUrl,
    scope: provider.scopes.join(" "),
    state: randomState(),
    nonce: randomState(),
    code_challenge: await calculatePKCECodeChallenge(randomPKCECodeVerifier()),
    code_challenge_method: "S256",
  };
}

/** A page or a document, as it is. */
function get({ fetch }: UpstreamConnection, url: string): Promise<Response> {
  return fetch(url, { method: "GET", headers: {}, body: undefined, redirect: "manual" });
}

function isAboutClient({ detail }: FederationError): boolean {
  return /client|status 401|unauthorized/i.test(detail);
}

function toProblem(error: FederationError, { provider, callbackUrl }: Trial): ProviderFinding {
  if (error.problem !== "upstream_rejects_us") {
    return problem(`It did not take a request: ${error.detail}.`);
  }
  if (/redirect/i.test(error.detail)) {
    return problem(
      `It does not know the redirect URI ${callbackUrl}: register it there (${error.detail}).`,
    );
  }
  const what =
    provider.authentication === "private_key_jwt"
      ? "client id or our key"
      : "client id or the secret";
  return problem(`It does not take the ${what}: ${error.detail}.`);
}
