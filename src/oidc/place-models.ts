import type { Provider } from "oidc-provider";
import { randomToken } from "../lib/random-token.js";
import { MODEL_RULES } from "./model-rules.js";
import type { ModelValues } from "./model-values.js";
import { partitionOf, partitionOfAccount } from "./partition.js";

/** A model of the library while its id is made. */
interface NewModel {
  readonly grantId?: string;
  readonly accountId?: string;
  readonly userCode?: string;
}

interface SessionModel {
  uid: string;
  jti: string;
  accountId?: string;
  readonly new?: boolean;
  transient?: boolean | undefined;
  touched?: boolean;
  /** Destroyed by the library before it saves the session. */
  oldId?: string;
  /** Written with the session, and goes in the same step. */
  replaces?: string;
  resetIdentifier(): void;
}

/**
 * Makes the library give its models ids that lead to their partition: codes and tokens to that of
 * their grant, grants and sessions to that of their account, device codes to that of their user code.
 */
export function placeModels(provider: Provider, values: ModelValues): void {
  const valueIn = (model: keyof typeof MODEL_RULES, partition: string) =>
    values.create(partition, MODEL_RULES[model].randomBytes ?? 32);

  for (const model of ["AuthorizationCode", "AccessToken", "RefreshToken"] as const) {
    renameModels(provider[model].prototype, ({ grantId }) =>
      valueIn(model, partitionOf(grantId ?? randomToken())),
    );
  }
  renameModels(
    provider.Grant.prototype,
    ({ accountId = "" }) =>
      partitionOfAccount(accountId) + randomToken(MODEL_RULES.Grant.randomBytes),
  );
  renameModels(provider.DeviceCode.prototype, ({ userCode = "" }) =>
    valueIn("DeviceCode", partitionOf(values.userCodeAtRest(userCode))),
  );
  placeSessions(provider, values);
}

function renameModels(prototype: object, name: (model: NewModel) => string): void {
  const generate: unknown = Reflect.get(prototype, "generateTokenId");
  if (typeof generate !== "function") throw new TypeError("the library's models make no ids");
  Reflect.set(prototype, "generateTokenId", function generateTokenId(this: NewModel) {
    // It also settles the format of an access token.
    Reflect.apply(generate, this, []);
    return name(this);
  });
}

/**
 * A session moves to the partition of its account when somebody signs in. Its cookie changes at each
 * sign-in and consent, and the old record goes in the step that writes the new one: in between,
 * tokens that end with the session would look revoked.
 */
function placeSessions(provider: Provider, values: ModelValues): void {
  const { Session } = provider;
  const idFor = ({ uid }: SessionModel) =>
    values.create(partitionOf(uid), MODEL_RULES.Session.randomBytes ?? 32);
  const instantiate: unknown = Reflect.get(Session, "instantiate");
  const loginAccount: unknown = Reflect.get(Session.prototype, "loginAccount");
  const payloadNames: unknown = Reflect.get(Session, "IN_PAYLOAD");
  if (
    typeof instantiate !== "function" ||
    typeof loginAccount !== "function" ||
    !Array.isArray(payloadNames)
  ) {
    throw new TypeError("the library's sessions are not those that this server knows");
  }

  Object.defineProperty(Session, "IN_PAYLOAD", {
    get: () => [...payloadNames, "replaces", "device", "upstream"],
  });

  Object.assign(Session, {
    instantiate(payload?: { jti?: string }) {
      const session: SessionModel = Reflect.apply(instantiate, Session, [payload]);
      if (payload?.jti === undefined) session.jti = idFor(session);
      return session;
    },
  });

  Object.assign(Session.prototype, {
    resetIdentifier(this: SessionModel) {
      const old = this.jti;
      this.jti = idFor(this);
      if (values.partitionOf(old) === partitionOf(this.uid)) this.replaces = old;
      else this.oldId = old;
      this.touched = true;
    },

    loginAccount(this: SessionModel, details: { accountId: string; transient?: boolean }) {
      Reflect.apply(loginAccount, this, [details]);
      // The library leaves it as it was at the sign-in before.
      if (details.transient !== true) this.transient = undefined;
      const partition = partitionOfAccount(details.accountId);
      if (partitionOf(this.uid) === partition) return;
      this.uid = partition + randomToken();
      if (this.new === true) this.jti = idFor(this);
      else this.resetIdentifier();
    },
  });
}
