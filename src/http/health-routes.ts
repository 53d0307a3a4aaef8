import type Router from "@koa/router";
import { LatchkeyError } from "../lib/errors.js";

export interface HealthDeps {
  /** Each rejects with the reason when it does not answer. */
  readonly stores: readonly { ping(): Promise<void> }[];
  readonly isDraining: () => boolean;
}

/**
 * `/health/live`: the process runs. `/health/ready`: it should get requests. Neither tells anything
 * about the server, since load balancers ask without authentication.
 */
export function addHealthRoutes(router: Router, { stores, isDraining }: HealthDeps): void {
  router.get("/health/live", (ctx) => {
    ctx.body = { status: "live" };
  });
  router.get("/health/ready", async (ctx) => {
    if (isDraining()) {
      ctx.status = 503;
      ctx.body = { status: "draining" };
      return;
    }
    const pings = await Promise.allSettled(stores.map((store) => store.ping()));
    const reasons = pings.flatMap((ping) =>
      ping.status === "rejected" ? codeOf(ping.reason) : [],
    );
    if (reasons.length === 0) {
      ctx.body = { status: "ready" };
      return;
    }
    ctx.status = 503;
    ctx.body = { status: "unavailable", reason: reasons.join(" ") };
  });
}

function codeOf(reason: unknown): string {
  return reason instanceof LatchkeyError ? reason.code : "store";
}
