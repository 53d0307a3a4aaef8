/** `latchkey/verify`: what an API needs to check access tokens, and no server code behind it. */
export { createAccessTokenVerifier, type AccessTokenVerifier } from "./access-token-verifier.js";
export {
  AccessTokenError,
  type AccessTokenErrorCode,
  type AccessTokenProblem,
} from "./access-token-error.js";
export type { RefusalAnswer } from "./challenge.js";
export type { VerifierClock } from "./clock.js";
export { createDpopNonces, type DpopNonceOptions } from "./dpop-nonces.js";
export type { DpopAlgorithm, DpopNonces, DpopOptions, DpopReplayStore } from "./dpop-options.js";
export type { JwksCacheTimes } from "./key-source.js";
export {
  protectExpress,
  protectFetch,
  protectKoa,
  protectNode,
  type KoaContextLike,
  type ProtectedHandler,
  type Protection,
} from "./protect.js";
export {
  fetchRequestFacts,
  nodeRequestFacts,
  type ClientCertificate,
  type RequestFacts,
} from "./request-facts.js";
export type { Requirements } from "./requirements.js";
export type {
  ClientKey,
  EndpointMeans,
  Failure,
  Introspect,
  IntrospectionMeans,
  IntrospectionOptions,
  RevocationOptions,
  StatusListOptions,
} from "./revocation-options.js";
export type { Confirmation, VerifiedAccessToken } from "./verified-access-token.js";
export type { AccessTokenVerifierOptions, VerificationAlgorithm } from "./verifier-options.js";
