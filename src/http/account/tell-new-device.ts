import type { AccountStore } from "../../accounts/account-store.js";
import type { Clock } from "../../lib/clock.js";
import type { Notify } from "../../mail/notify.js";
import type { KnownDevices } from "../known-devices.js";
import type { OnSignedIn } from "../sign-in-hub.js";
import { noticeFacts } from "./notice-facts.js";

export interface TellNewDeviceDeps {
  readonly knownDevices: Pick<KnownDevices, "hasSeen">;
  readonly accounts: Pick<AccountStore, "find">;
  readonly notify: Notify;
  readonly clock: Clock;
}

/** 1 h: whoever has just made an account knows of it. */
const NEW_ACCOUNT_SECONDS = 3_600;

/** Tells people of a sign-in on a device that never signed in to their account (ASVS 5.0 6.3.5). */
export function createTellNewDevice(deps: TellNewDeviceDeps): OnSignedIn {
  const { knownDevices, accounts, notify, clock } = deps;
  return async (ctx, { accountId }) => {
    if (knownDevices.hasSeen(ctx, accountId)) return;
    const account = await accounts.find(accountId);
    const isNew =
      account === undefined || clock.nowSeconds() - account.createdAtSeconds < NEW_ACCOUNT_SECONDS;
    if (!isNew) await notify(accountId, "new_device", noticeFacts(ctx));
  };
}
