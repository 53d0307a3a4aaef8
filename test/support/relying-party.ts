import * as client from "openid-client";
import { authorize, createUserAgent } from "./user-agent.js";

const REDIRECT_URI = "http://localhost:9999/callback";

export interface ObtainedCode {
  readonly callback: URL;
  readonly codeVerifier: string;
  readonly state: string;
}

export interface RelyingParty {
  readonly config: client.Configuration;
  /** Signs in and allows. */
  obtainCode(credentials: { username: string; password: string }): Promise<ObtainedCode>;
  redeem(code: ObtainedCode): Promise<client.TokenEndpointResponse>;
  refresh(refreshToken: string): Promise<client.TokenEndpointResponse>;
}

/** An application built on openid-client that knows the issuer and its own credentials. */
export async function createRelyingParty(
  issuer: string,
  clientId: string,
  clientSecret: string,
): Promise<RelyingParty> {
  const config = await client.discovery(new URL(issuer), clientId, clientSecret, undefined, {
    execute: [client.allowInsecureRequests],
  });
  return {
    config,
    async obtainCode(credentials) {
      const codeVerifier = client.randomPKCECodeVerifier();
      const state = client.randomState();
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: REDIRECT_URI,
        scope: "openid offline_access",
        prompt: "consent",
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: "S256",
        state,
      });
      const callback = await authorize(createUserAgent(issuer), url, credentials);
      return { callback, codeVerifier, state };
    },
    redeem: ({ callback, codeVerifier, state }) =>
      client.authorizationCodeGrant(config, callback, {
        pkceCodeVerifier: codeVerifier,
        expectedState: state,
      }),
    refresh: (refreshToken) => client.refreshTokenGrant(config, refreshToken),
  };
}

/** `invalid_grant` and the like; undefined when it succeeded. */
export async function oauthErrorOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (err) {
    if (err instanceof client.ResponseBodyError) return err.error;
    throw err;
  }
}
