import type Router from "@koa/router";
import { LatchkeyError } from "../lib/errors.js";

export interface HealthDeps {
  /** Rejects with the reason when a store does not answer. */
  readonly checkStores: () => Promise<void>;
  readonly isDraining: () => boolean;
}

/**
 * `/health/live`: the process runs. `/health/ready`: it should get requests. Neither tells anything
 * about the server, since load balancers ask without authentication.
 */
export function addHealthRoutes(router: Router, { checkStores, isDraining }: HealthDeps): void {
  router.get("/health/live", (ctx) => {
    ctx.body = { status: "live" };
  });
  router.get("/health/ready", async (ctx) => {
    if (isDraining()) {
      ctx.status = 503;
      ctx.body = { status: "draining" };
      return;
    }
    try {
      await checkStores();
      ctx.body = { status: "ready" };
    } catch (err) {
      ctx.status = 503;
      ctx.body = {
        status: "unavailable",
        reason: err instanceof LatchkeyError ? err.code : "store",
      };
    }
  });
}
