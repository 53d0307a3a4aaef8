import type Router from "@koa/router";
import type { AccountEvent, EventCursor } from "../../accounts/account-event-store.js";
import { isTimeZone } from "../../accounts/time-zone.js";
import { message } from "../../lib/message.js";
import type { AccountDeps } from "./account-deps.js";
import { ACCOUNT_PAGES, type createFrame } from "./account-frame.js";
import type { ActivityRow } from "./account-views.js";
import { describeDevice, describePlace } from "./describe-device.js";
import type { AccountGuard } from "./guard.js";

export interface ActivityPageDeps extends AccountDeps {
  readonly guard: AccountGuard;
  readonly frame: ReturnType<typeof createFrame>;
}

const PAGE_SIZE = 25;
const CURSOR = /^(?<at>\d{1,12})\.(?<id>[\w-]{1,64})$/;

/** `/account/activity`: what happened to the account, the newest first. */
export function addActivityPage(router: Router, deps: ActivityPageDeps): void {
  const { browserAccounts, guard, frame, render, accountEvents, basePath } = deps;
  const { path } = ACCOUNT_PAGES.activity;

  router.get(path, async (ctx) => {
    const current = await browserAccounts.findCurrent(ctx);
    if (current === undefined) return guard.toSignIn(ctx, "activity");
    const after = parseCursor(ctx.query["after"]);
    const found = await accountEvents.listOfAccount(current.account.id, {
      after,
      limit: PAGE_SIZE + 1,
    });
    const events = found.slice(0, PAGE_SIZE);
    const last = events.at(-1);
    const { profile } = current.account;
    render(ctx, "account/activity", {
      ...(await frame(ctx, current, { page: "activity" })),
      events: await Promise.all(events.map((event) => describe(event, profile.zoneinfo))),
      days: Math.round(deps.settings.activitySeconds / 86_400),
      firstUrl: after === undefined ? undefined : basePath + path,
      nextUrl:
        found.length > PAGE_SIZE && last !== undefined
          ? `${basePath}${path}?after=${last.atSeconds}.${last.id}`
          : undefined,
    });
  });

  async function describe(event: AccountEvent, zone: string | undefined): Promise<ActivityRow> {
    const { kind, count, userAgent, network } = event;
    // As another provider said it: it may be anything.
    const timeZone = zone !== undefined && isTimeZone(zone) ? zone : undefined;
    const moment = (atSeconds: number) => ({ atSeconds, show: "date-time", timeZone }) as const;
    const name = (await nameOf(event.about)) ?? message("activity.unknown");
    return {
      what: message(`activity.kind-${kind}`, { name, count }),
      when: message("activity.when", { when: moment(event.atSeconds) }),
      device: userAgent === undefined ? undefined : describeDevice(userAgent),
      place: network === undefined ? undefined : describePlace(network),
      isWarning: kind === "sign-in-failed",
    };
  }

  /** Of a client or a provider; no id is both. */
  async function nameOf(id: string | undefined): Promise<string | undefined> {
    if (id === undefined) return undefined;
    const client = await deps.clients.find(id);
    if (client !== undefined) {
      const { client_name: name } = client.metadata;
      return typeof name === "string" ? name : id;
    }
    const provider = (await deps.upstreamProviders.list()).find((each) => each.id === id);
    return provider?.displayName;
  }
}

function parseCursor(text: unknown): EventCursor | undefined {
  const { at, id } = (typeof text === "string" ? CURSOR.exec(text)?.groups : undefined) ?? {};
  return at === undefined || id === undefined ? undefined : { atSeconds: Number(at), id };
}
