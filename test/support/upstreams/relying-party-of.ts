import * as client from "openid-client";
import type { Upstream, UpstreamOptions, UpstreamPerson } from "./upstream.js";
import { addressesOf } from "./upstream.js";

export interface SignedIn {
  readonly claims: client.IDToken;
  readonly idToken: string;
  readonly userinfo: client.UserInfoResponse;
}

/** The relying party that an upstream was set up for, as its library does it. */
export async function signInByLibrary(
  upstream: Upstream,
  options: UpstreamOptions,
  person: UpstreamPerson,
): Promise<SignedIn> {
  const authenticate =
    upstream.authentication === "client_secret_post"
      ? client.ClientSecretPost(upstream.clientSecret)
      : client.ClientSecretBasic(upstream.clientSecret);
  const config = await client.discovery(
    new URL(upstream.issuer),
    upstream.clientId,
    upstream.clientSecret,
    authenticate,
    { execute: [client.allowInsecureRequests] },
  );
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedNonce = client.randomNonce();
  const expectedState = client.randomState();
  const parameters = {
    redirect_uri: addressesOf(options).callback,
    scope: "openid profile email",
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    nonce: expectedNonce,
    state: expectedState,
  };
  const isPushed = config.serverMetadata().pushed_authorization_request_endpoint !== undefined;
  const url = isPushed
    ? await client.buildAuthorizationUrlWithPAR(config, parameters)
    : client.buildAuthorizationUrl(config, parameters);
  const callback = await upstream.signInAs(person, url);
  const tokens = await client.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier,
    expectedNonce,
    expectedState,
    idTokenExpected: true,
  });
  const claims = tokens.claims();
  if (claims === undefined || tokens.id_token === undefined) throw new Error("no ID token");
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  return { claims, idToken: tokens.id_token, userinfo };
}
