import { clientAddresses, type PlaygroundDeps } from "./playground-deps.js";

/** What the playground registered as a client, by the names of RFC 7591 §2. */
export function describeRegistration({ issuer, clientId }: PlaygroundDeps) {
  const { redirectUri, byHand, postLogoutRedirectUri } = clientAddresses(issuer);
  return [
    { name: "client_id", values: [clientId] },
    { name: "redirect_uris", values: [redirectUri, byHand] },
    { name: "post_logout_redirect_uris", values: [postLogoutRedirectUri] },
    { name: "grant_types", values: ["authorization_code", "refresh_token", "client_credentials"] },
    { name: "token_endpoint_auth_method", values: ["client_secret_basic"] },
  ];
}
