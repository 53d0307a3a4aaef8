import type { ModelName } from "./model-store.js";

/** How one model of the library is kept. */
export interface ModelRule {
  /**
   * `short`: in Redis where there is one; a loss costs a sign-in. `long`: in SQL always, since an
   * administrator made it and nothing else brings it back.
   */
  readonly life: "short" | "long";
  /**
   * What the id of its record is made of.
   * - `value`: the partition that the value leads to, then the value's SHA-256;
   * - `hash`: the value's SHA-256;
   * - `plain`: the value, which opens nothing.
   */
  readonly id: "value" | "hash" | "plain";
  /**
   * Bytes of a value that this server makes; the library makes the others. All are random but the
   * last three, which tell under which key it was made.
   */
  readonly randomBytes?: number;
  /** Characters of a value, where nothing of another length needs to be looked for. */
  readonly length?: number;
}

/** 232 bit and more (RFC 6749 §10.10 asks for 128); lengths differ so that a token tells its model. */
export const MODEL_RULES: Record<ModelName, ModelRule> = {
  Session: { life: "short", id: "value", randomBytes: 32, length: 46 },
  Interaction: { life: "short", id: "hash" },
  Grant: { life: "short", id: "plain", randomBytes: 32 },
  AuthorizationCode: { life: "short", id: "value", randomBytes: 32, length: 46 },
  AccessToken: { life: "short", id: "value", randomBytes: 32, length: 46 },
  RefreshToken: { life: "short", id: "value", randomBytes: 33, length: 47 },
  ClientCredentials: { life: "short", id: "hash", length: 43 },
  DeviceCode: { life: "short", id: "value", randomBytes: 32, length: 46 },
  BackchannelAuthenticationRequest: { life: "short", id: "hash" },
  PushedAuthorizationRequest: { life: "short", id: "hash" },
  PreAuthorizedCode: { life: "short", id: "hash" },
  ReplayDetection: { life: "short", id: "plain" }, // a hash already
  InitialAccessToken: { life: "long", id: "hash" },
  RegistrationAccessToken: { life: "long", id: "hash" },
};
