import type { Provider } from "oidc-provider";
import type { Clock } from "../lib/clock.js";
import type { SealedRequest } from "./sealed-request.js";

const REQUEST_URI_PREFIX = "urn:ietf:params:oauth:request_uri:";
/** 60 s, as the library pushes requests: the browser comes at once. */
export const PUSHED_REQUEST_SECONDS = 60;

/** @returns the URL that starts the request anew; `prompt` replaces the request's own, "" removes it. */
export type RestartRequest = (request: SealedRequest, prompt?: string) => Promise<string>;

/** Pushes the request to ourselves (RFC 9126), so that its parameters appear in no URL or log. */
export function createRestartRequest(provider: Provider, clock: Clock): RestartRequest {
  const pushRequest = createPushRequest(provider, clock);
  return async ({ clientId, params }, prompt) => {
    const prompted = prompt === undefined ? params : { ...params, prompt };
    const url = new URL(provider.urlFor("authorization"));
    url.searchParams.set("client_id", clientId);
    url.searchParams.set("request_uri", await pushRequest({ clientId, params: prompted }));
    return url.href;
  };
}

/** @returns the `request_uri` of a validated request, as if its client had pushed it. */
export type PushRequest = (request: SealedRequest) => Promise<string>;

export function createPushRequest(provider: Provider, clock: Clock): PushRequest {
  return async ({ clientId, params }) => {
    const nowSeconds = clock.nowSeconds();
    const { request: _request, request_uri: _uri, claims, ...rest } = params;
    const payload = {
      ...rest,
      ...(typeof claims === "string" ? { claims: JSON.parse(claims) as unknown } : {}),
      iss: clientId,
      aud: provider.issuer,
      iat: nowSeconds,
      nbf: nowSeconds,
      exp: nowSeconds + PUSHED_REQUEST_SECONDS,
    };
    const request = new provider.PushedAuthorizationRequest({ request: unsecuredJwt(payload) });
    return REQUEST_URI_PREFIX + (await request.save(PUSHED_REQUEST_SECONDS));
  };
}

/** RFC 7519 §6: the library keeps pushed requests in this form. */
function unsecuredJwt(payload: object): string {
  return `${encode({ alg: "none" })}.${encode(payload)}.`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
