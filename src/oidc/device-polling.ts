import { createHash } from "node:crypto";
import { Provider, errors, type DeviceCode } from "oidc-provider";
import type { FinishAnswer } from "./finish-answers.js";
import type { ModelStore } from "./model-store.js";

/** 5 s: what RFC 8628 §3.2 has devices wait when they are told nothing else. */
const INTERVAL_SECONDS = 5;
/** The store counts from the end of the current second: a device that waits 5 s is never too early. */
const REMEMBERED_SECONDS = INTERVAL_SECONDS - 1;

/**
 * Tells devices to slow down when they ask more often than `tellPollingInterval` told them (RFC 8628
 * §3.2, §3.5); the library does neither. The last poll is remembered in the store by an atomic
 * insert, so the rule holds over several nodes.
 */
export function limitDevicePolling(provider: Provider, models: ModelStore): void {
  const find = provider.DeviceCode.find.bind(provider.DeviceCode);
  const limited = async (value: string, options?: object): Promise<unknown> => {
    const code: unknown = await find(value, options);
    if (!(code instanceof provider.DeviceCode) || !isPollOfPendingCode(code)) return code;
    const id = createHash("sha256").update(`device poll ${value}`).digest("base64url");
    if (await models.insertOnce("ReplayDetection", id, {}, REMEMBERED_SECONDS)) return code;
    throw new errors.SlowDown();
  };
  Object.assign(provider.DeviceCode, { find: limited });
}

export const tellPollingInterval: FinishAnswer = (ctx) => {
  const body: unknown = ctx.body;
  if (ctx.oidc?.route !== "device_authorization" || ctx.status !== 200) return;
  if (typeof body === "object") ctx.body = { ...body, interval: INTERVAL_SECONDS };
};

/** Once the person has decided or the time is up, the device gets to know at once. */
function isPollOfPendingCode(code: DeviceCode): boolean {
  const { route, client } = Provider.ctx?.oidc ?? {};
  return (
    route === "token" &&
    client?.clientId === code.clientId &&
    code.accountId === undefined &&
    code.error === undefined &&
    !code.isExpired
  );
}
