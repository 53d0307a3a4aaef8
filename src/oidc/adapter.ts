import { randomUUID } from "node:crypto";
import { Provider, errors, type Adapter } from "oidc-provider";
import type { ClientStore } from "../clients/client-store.js";
import type { Audit } from "../lib/audit.js";
import type { Clock } from "../lib/clock.js";
import { randomToken } from "../lib/random-token.js";
import type { Sealer } from "../lib/seal.js";
import { createClientAdapter } from "./client-adapter.js";
import { consumptionInDoubt, type Consumptions } from "./consumptions.js";
import type { Doubt } from "./doubt.js";
import { deviceFacts } from "./device-facts.js";
import type { IsEnded } from "./is-ended.js";
import { findSessionJoining } from "./session-joining.js";
import type { Lifetimes } from "./lifetimes.js";
import { createIdAtRest } from "./id-at-rest.js";
import { MODEL_RULES } from "./model-rules.js";
import {
  MODEL_NAMES,
  type ModelName,
  type ModelPayload,
  type ModelRecord,
  type ModelStore,
} from "./model-store.js";
import type { ModelValues } from "./model-values.js";
import { requestFacts } from "./request-facts.js";
import { askedClient, grantIdOfSession } from "./session-grant.js";
import { createRefuseLate } from "./refuse-late.js";
import type { RevokeBefore } from "./revoke-before.js";
import { jtiOfOpaque } from "./token-ancestors.js";
import { createStoredPayloads } from "./stored-payload.js";
import { findUnitOfWork, type UnitOfWork } from "./unit-of-work.js";

export interface AdapterDeps {
  readonly models: ModelStore;
  readonly consumptions: Consumptions;
  readonly doubt: Doubt;
  readonly isEnded: IsEnded;
  readonly settings: Pick<Lifetimes, "sessionAbsoluteSeconds">;
  readonly revokeBefore: RevokeBefore;
  readonly clients: ClientStore;
  readonly values: ModelValues;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly audit: Audit;
}

/**
 * 10 min: a device code stays findable for so long after its expiry, since the device is then told
 * `expired_token` (RFC 8628 §3.5) and the person that the code has expired. The library checks `exp`.
 */
const EXPIRED_DEVICE_CODE_SECONDS = 600;

/** 72 bit: a session has few revisions, and nobody gains by a guess. */
const REVISION_BYTES = 9;

/** Written with the answer that carries them; see `UnitOfWork`. */
const DEFERRED: ReadonlySet<ModelName> = new Set([
  "AuthorizationCode",
  "AccessToken",
  "RefreshToken",
]);

/** Read together with their grant and session, which the library asks for next. */
const READ_WITH_FAMILY: ReadonlySet<ModelName> = new Set([
  "AuthorizationCode",
  "AccessToken",
  "RefreshToken",
  "Session",
]);

/**
 * The library's storage adapter over `ModelStore` and `ClientStore`. Adds what the library leaves
 * to its host: token values are stored only as their SHA-256, a code or token is consumed once, and
 * each request reads and writes in as few steps as it can.
 */
export function createAdapterFactory(deps: AdapterDeps): (name: string) => Adapter {
  return (name) => {
    if (name === "Client") return createClientAdapter(deps);
    const model = MODEL_NAMES.find((known) => known === name);
    if (model === undefined)
      throw new TypeError(`oidc-provider asked for the unknown model ${name}`);
    return createModelAdapter(model, deps);
  };
}

function createModelAdapter(model: ModelName, deps: AdapterDeps): Adapter {
  const { models, values, audit } = deps;
  const payloads = createStoredPayloads(model, deps);
  const atRest = createIdAtRest(model, values);
  const refuseLate = createRefuseLate(deps);
  const { length } = MODEL_RULES[model];

  /** Counts no more although it is there. */
  async function isEnded(id: string, payload: ModelPayload): Promise<boolean> {
    if (model === "Grant") return deps.isEnded.grant(id, payload);
    return model === "Session" && (await deps.isEnded.session(payload));
  }

  async function findLive(id: string): Promise<ModelPayload | undefined> {
    const payload = await findStored(id);
    return payload === undefined || (await isEnded(id, payload)) ? undefined : payload;
  }

  async function findStored(id: string): Promise<ModelPayload | undefined> {
    // No record can have it, so nobody is asked.
    if (length !== undefined && id.length !== length) return undefined;
    const unit = findUnitOfWork();
    const known = model === "Grant" ? unit?.readAhead.take(model, id) : undefined;
    if (known !== undefined) return known.payload;
    if (unit === undefined || !READ_WITH_FAMILY.has(model)) return models.find(model, atRest(id));
    return findWithFamily(atRest(id), unit);
  }

  async function findWithFamily(
    id: string,
    { readAhead }: UnitOfWork,
  ): Promise<ModelPayload | undefined> {
    const clientId = model === "Session" ? askedClient() : undefined;
    const family = await models.findFamily(model, id, clientId);
    if (family === undefined) return undefined;
    const { record, grant, session } = family;
    const grantId = clientId === undefined ? record["grantId"] : grantIdOfSession(record, clientId);
    if (typeof grantId === "string") readAhead.put("Grant", grantId, grant);
    if (record["expiresWithSession"] === true) {
      readAhead.put("Session", String(record["sessionUid"]), session);
    }
    return record;
  }

  /** The library would end the family of a code that it finds used. */
  function isRedeemedInDoubt(payload: ModelPayload | undefined): boolean {
    const consumed = payload?.["consumed"];
    return (
      typeof consumed === "number" &&
      Provider.ctx?.oidc.route === "token" &&
      deps.doubt.covers(consumed)
    );
  }

  /** The store has ended the family in the step that found the code used. */
  async function refuse(): Promise<Error> {
    const grantId = Provider.ctx?.oidc.entities.Grant?.jti;
    if (grantId !== undefined) await deps.revokeBefore({ subject: "grant", id: grantId });
    audit({ event: "token.replayed", outcome: "failure", model, ...requestFacts(Provider.ctx) });
    return model === "PushedAuthorizationRequest"
      ? new errors.InvalidRequestUri("request_uri is invalid, expired, or was already used")
      : new errors.InvalidGrant("grant request is invalid: already used");
  }

  async function destroySession(id: string): Promise<void> {
    const session = findUnitOfWork()?.session;
    const uid = session?.findSignedInUid(id);
    if (uid !== undefined) await deps.revokeBefore({ subject: "session", id: uid });
    await models.destroy("Session", id);
    await session?.destroySuccessor(id);
  }

  return {
    async upsert(id, payload, expiresIn) {
      const extraSeconds = model === "DeviceCode" ? EXPIRED_DEVICE_CODE_SECONDS : 0;
      const { replaces, ...stored } = payloads.store(id, payload);
      // Outside the library's routes, whoever made the session has told it.
      const device = () => deviceFacts(Provider.ctx, deps.clock.nowSeconds()) ?? stored["device"];
      const record: ModelRecord = {
        model,
        id: atRest(id),
        payload:
          model === "Session"
            ? { ...stored, device: device(), revision: randomToken(REVISION_BYTES) }
            : stored,
        // Undefined, against the type, for what never expires.
        expiresInSeconds: expiresIn === undefined ? undefined : expiresIn + extraSeconds,
        replaces: typeof replaces === "string" ? atRest(replaces) : undefined,
        joins: model === "Session" ? findSessionJoining(stored, deps) : undefined,
      };
      const unit = findUnitOfWork();
      if (unit !== undefined && DEFERRED.has(model)) return unit.defer(record);
      if (unit === undefined || model !== "Session") {
        await models.upsertTogether([record]);
        return;
      }
      // The last that a request at the authorization endpoint writes.
      const joiningGrants = unit.session.joiningGrants(record.payload);
      unit.defer(unit.session.follow(record));
      await unit.commit();
      await refuseLate(record.payload, joiningGrants);
    },

    async find(id) {
      const payload = await findLive(id);
      if (isRedeemedInDoubt(payload)) throw consumptionInDoubt();
      if (payload === undefined) return undefined;
      if (model === "Session") findUnitOfWork()?.session.noteRead(atRest(id), payload);
      return payloads.restore(id, payload);
    },

    async findByUid(uid) {
      const known = findUnitOfWork()?.readAhead.take("Session", uid);
      const payload = known === undefined ? await models.findSessionByUid(uid) : known.payload;
      if (payload === undefined || (await isEnded(uid, payload))) return undefined;
      return payloads.reopen(uid, payload);
    },

    async findByUserCode(userCode) {
      for (const stored of values.userCodesAtRest(userCode)) {
        const payload = await models.findDeviceCodeByUserCode(stored);
        if (payload !== undefined) return payloads.reopen(userCode, payload);
      }
      return undefined;
    },

    async consume(id) {
      const unit = model === "PushedAuthorizationRequest" ? undefined : findUnitOfWork();
      if (unit !== undefined) return unit.deferConsumption(model, atRest(id), refuse);
      const consumption = { model, id: atRest(id), attempt: randomUUID() };
      if (!(await deps.consumptions.consume(consumption))) throw await refuse();
    },

    async destroy(id) {
      // The library ends its grant in the same breath, and it goes with that. Gone before, it could
      // not be recognized when the rest failed and the request comes again.
      if (model === "RefreshToken" || (model === "AccessToken" && isOfGrant())) return;
      if (model === "Grant") await deps.revokeBefore({ subject: "grant", id });
      if (model === "Session") return destroySession(atRest(id));
      // JWTs may have been exchanged for it.
      if (isAccessToken(model)) await deps.revokeBefore({ subject: "token", id: jtiOfOpaque(id) });
      await models.destroy(model, atRest(id));
    },

    async revokeByGrantId(grantId) {
      await deps.revokeBefore({ subject: "grant", id: grantId });
      await models.revokeByGrantId(grantId);
    },
  };
}

/** The access token that is revoked has a grant; one that was exchanged has none. */
function isOfGrant(): boolean {
  const grantId: string | undefined = Provider.ctx?.oidc.entities.AccessToken?.grantId;
  return grantId !== undefined;
}

function isAccessToken(model: ModelName): boolean {
  return model === "AccessToken" || model === "ClientCredentials";
}
