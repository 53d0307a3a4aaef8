import { createHash, randomUUID } from "node:crypto";
import { Provider, errors, type Adapter, type AdapterPayload } from "oidc-provider";
import type { Audit } from "../lib/audit.js";
import type { Sealer } from "../lib/seal.js";
import type { ClientStore } from "../clients/client-store.js";
import { createClientAdapter } from "./client-adapter.js";
import { MODEL_NAMES, type ModelName, type ModelPayload, type ModelStore } from "./model-store.js";
import { requestFacts } from "./request-facts.js";

export interface AdapterDeps {
  readonly models: ModelStore;
  readonly clients: ClientStore;
  readonly sealer: Sealer;
  readonly audit: Audit;
}

/** How the id of a model may be stored. */
const ID_AT_REST: Record<ModelName, "hashed" | "plain"> = {
  Session: "hashed",
  Interaction: "hashed",
  Grant: "plain", // an internal reference that opens nothing
  AuthorizationCode: "hashed",
  AccessToken: "hashed",
  RefreshToken: "hashed",
  ClientCredentials: "hashed",
  DeviceCode: "hashed",
  BackchannelAuthenticationRequest: "hashed",
  PushedAuthorizationRequest: "hashed",
  PreAuthorizedCode: "hashed",
  ReplayDetection: "plain", // already a hash
  InitialAccessToken: "hashed",
  RegistrationAccessToken: "hashed",
};

/**
 * 10 min: a device code stays findable for so long after its expiry, since the device is then told
 * `expired_token` (RFC 8628 §3.5) and the person that the code has expired. The library checks `exp`.
 */
const EXPIRED_DEVICE_CODE_SECONDS = 600;

/**
 * Members of an interaction that name another record; sealed where they are stored. The first two
 * are secret. The grant is not, but stores delete by it, and an interaction must outlive the grant
 * of the person who is signed out in the middle of it for somebody else.
 */
const REFERENCES = ["parJti", "deviceCode", "grantId"] as const;
/** Where a sealed reference is kept: not under the name that stores index. */
const sealedName = (reference: string) => `sealed_${reference}`;

/** One id for each request, so that a command resent within it is known to be the same attempt. */
const attempts = new WeakMap<object, string>();

/**
 * The library's storage adapter over `ModelStore` and `ClientStore`. Adds what the library leaves
 * to its host: token values are stored only as their SHA-256, and a code or token is consumed once.
 */
export function createAdapterFactory(deps: AdapterDeps): (name: string) => Adapter {
  return (name) => {
    if (name === "Client") return createClientAdapter(deps.clients);
    const model = MODEL_NAMES.find((known) => known === name);
    if (model === undefined)
      throw new TypeError(`oidc-provider asked for the unknown model ${name}`);
    return createModelAdapter(model, deps);
  };
}

function createModelAdapter(model: ModelName, { models, sealer, audit }: AdapterDeps): Adapter {
  const atRest = (id: string) => (ID_AT_REST[model] === "hashed" ? sha256(id) : id);
  const stripped = createStrip(model, sealer);
  const unseal = createUnseal(model, sealer);
  const reopen = (payload: ModelPayload | undefined, context: string) => {
    const id =
      payload === undefined ? undefined : sealer.open(String(payload["sealedId"]), context);
    return id === undefined ? undefined : restore(payload, id);
  };

  return {
    async upsert(id, payload, expiresIn) {
      const extraSeconds = model === "DeviceCode" ? EXPIRED_DEVICE_CODE_SECONDS : 0;
      await models.upsert(
        model,
        atRest(id),
        stripped(id, payload),
        // Undefined, against the type, for what never expires.
        expiresIn === undefined ? undefined : expiresIn + extraSeconds,
      );
    },

    async find(id) {
      return restore(unseal(await models.find(model, atRest(id)), id), id);
    },

    async findByUid(uid) {
      return reopen(await models.findSessionByUid(uid), uid);
    },

    async findByUserCode(userCode) {
      return reopen(await models.findDeviceCodeByUserCode(userCode), userCode);
    },

    async consume(id) {
      if (await models.consume(model, atRest(id), attemptId())) return;
      audit({ event: "token.replayed", outcome: "failure", model, ...requestFacts(Provider.ctx) });
      throw model === "PushedAuthorizationRequest"
        ? new errors.InvalidRequestUri("request_uri is invalid, expired, or was already used")
        : new errors.InvalidGrant("grant request is invalid: already used");
    },

    async destroy(id) {
      await models.destroy(model, atRest(id));
    },

    async revokeByGrantId(grantId) {
      await models.revokeByGrantId(grantId);
    },
  };
}

/**
 * The payload without the secret that identifies the record. Sessions and device codes are also
 * found by another key and need their id back then, so it stays sealed.
 */
function createStrip(model: ModelName, sealer: Sealer) {
  return (id: string, payload: AdapterPayload): ModelPayload => {
    const { jti: _jti, ...rest } = payload;
    const stored: ModelPayload = { ...rest };
    if (model === "Session") stored["sealedId"] = sealer.seal(id, String(payload.uid));
    if (model === "DeviceCode") stored["sealedId"] = sealer.seal(id, String(payload.userCode));
    if (model === "Interaction") {
      if (isRecord(stored["session"])) {
        const { cookie: _cookie, ...session } = stored["session"];
        stored["session"] = session;
      }
      for (const name of REFERENCES) {
        const reference = stored[name];
        delete stored[name];
        if (typeof reference === "string") stored[sealedName(name)] = sealer.seal(reference, id);
      }
    }
    return stored;
  };
}

/** The reverse of what `createStrip` does to references. */
function createUnseal(model: ModelName, sealer: Sealer) {
  return (payload: ModelPayload | undefined, id: string): ModelPayload | undefined => {
    if (payload === undefined || model !== "Interaction") return payload;
    const restored = { ...payload };
    for (const name of REFERENCES) {
      const sealed = restored[sealedName(name)];
      delete restored[sealedName(name)];
      if (typeof sealed === "string") restored[name] = sealer.open(sealed, id);
    }
    return restored;
  };
}

function restore(payload: ModelPayload | undefined, id: string): AdapterPayload | undefined {
  if (payload === undefined) return undefined;
  const { sealedId: _sealedId, ...rest } = payload;
  return { ...rest, jti: id };
}

function attemptId(): string {
  const ctx: object | undefined = Provider.ctx;
  if (ctx === undefined) return randomUUID();
  const attempt = attempts.get(ctx) ?? randomUUID();
  attempts.set(ctx, attempt);
  return attempt;
}

function sha256(value: string): string {
  return createHash("sha256").update(value).digest("base64url");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
