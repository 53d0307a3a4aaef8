import type { Context } from "koa";
import type { AccountId } from "../accounts/account.js";
import type { SignInSource } from "../accounts/sign-in.js";
import type { Clock } from "../lib/clock.js";
import { randomToken } from "../lib/random-token.js";
import type { Mac, Sealer } from "../lib/seal.js";
import type { Revocations } from "../tokens/revocations.js";
import type { OnSignedIn } from "./sign-in-hub.js";

/**
 * Which accounts this browser signed in to: it is not made to wait for what strangers do. What ends all
 * sessions of an account (another password, signing out everywhere) ends that, too.
 */
export interface KnownDevices {
  /** @returns an id of this device, or undefined when it never signed in to the account. */
  find(ctx: Context, accountId: string): Promise<string | undefined>;
  /** Whether it ever signed in to the account, whatever has ended since. */
  hasSeen(ctx: Context, accountId: string): boolean;
  /** From now on it is known, under another id than before. */
  remember(ctx: Context, accountId: string): void;
  /** The same, for every sign-in at the pages. */
  readonly onSignedIn: OnSignedIn;
  /** From where a request comes, for whoever verifies a password. */
  sourceOf(ctx: Context): SignInSource;
}

export interface KnownDevicesDeps {
  readonly sealer: Sealer;
  /** The cookie names accounts by it. */
  readonly mac: Mac;
  readonly revocations: Pick<Revocations, "isRevokedNow">;
  readonly clock: Clock;
  /** A revocation is forgotten no sooner. */
  readonly longestGrantSeconds: number;
}

/** Account, device, and when it signed in (seconds). */
type Entry = readonly [account: string, device: string, atSeconds: number];

/** 10: more people do not share a browser, and a cookie stays below 4 KiB. */
const MAX_ENTRIES = 10;
/** 96 bits: no two are the same. */
const DEVICE_ID_BYTES = 12;
const CONTEXT = "known-devices";

export function createKnownDevices(deps: KnownDevicesDeps): KnownDevices {
  const { sealer, mac, revocations, clock, longestGrantSeconds } = deps;

  const nameOf = (accountId: string) => mac.sign(`known device ${accountId}`);

  function read(ctx: Context): Entry[] {
    const sealed = ctx.cookies.get(cookieFor(ctx), { signed: false });
    const opened = sealed === undefined ? undefined : sealer.open(sealed, CONTEXT);
    const oldest = clock.nowSeconds() - longestGrantSeconds;
    return parseEntries(opened).filter(([, , atSeconds]) => atSeconds > oldest);
  }

  async function find(ctx: Context, accountId: string): Promise<string | undefined> {
    const entry = read(ctx).find(([account]) => mac.verify(`known device ${accountId}`, account));
    if (entry === undefined) return undefined;
    const [, device, issuedAtSeconds] = entry;
    const isEnded = await revocations.isRevokedNow({
      itself: "session",
      sessionUid: device,
      accountId,
      issuedAtSeconds,
    });
    return isEnded ? undefined : device;
  }

  function remember(ctx: Context, accountId: string): void {
    const others = read(ctx).filter(
      ([account]) => !mac.verify(`known device ${accountId}`, account),
    );
    const mine: Entry = [nameOf(accountId), randomToken(DEVICE_ID_BYTES), clock.nowSeconds()];
    const sealed = sealer.seal(JSON.stringify([mine, ...others].slice(0, MAX_ENTRIES)), CONTEXT);
    ctx.cookies.set(cookieFor(ctx), sealed, {
      httpOnly: true,
      sameSite: "lax",
      signed: false,
      path: "/",
      maxAge: longestGrantSeconds * 1000,
    });
  }

  return {
    find,
    hasSeen: (ctx, accountId) =>
      read(ctx).some(([account]) => mac.verify(`known device ${accountId}`, account)),
    remember,
    onSignedIn: async (ctx, { accountId }) => remember(ctx, accountId),
    sourceOf: (ctx) => ({
      ip: ctx.ip,
      requestId: String(ctx.state["requestId"]),
      findDevice: (accountId: AccountId) => find(ctx, accountId),
    }),
  };
}

function cookieFor(ctx: Context): string {
  return ctx.secure ? "__Host-latchkey_device" : "latchkey_device";
}

function parseEntries(opened: string | undefined): Entry[] {
  if (opened === undefined) return [];
  const entries: unknown = JSON.parse(opened);
  return Array.isArray(entries) ? entries.filter(isEntry) : [];
}

function isEntry(value: unknown): value is Entry {
  return (
    Array.isArray(value) &&
    typeof value[0] === "string" &&
    typeof value[1] === "string" &&
    typeof value[2] === "number"
  );
}
