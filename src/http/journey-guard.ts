import type { Context, Next } from "koa";
import { message } from "../lib/message.js";
import type { FormGuard } from "./form-guard.js";
import { readForm } from "./read-form.js";
import type { Renderer } from "./render.js";

export type HandleJourneyForm = (
  ctx: Context,
  fields: Readonly<Record<string, string>>,
) => Promise<void>;

/** Forms of people who are not signed in, each of its own purpose. */
export type JourneyGuard = (
  purposeOf: (ctx: Context) => string,
  handle: HandleJourneyForm,
) => (ctx: Context, next: Next) => Promise<void>;

export interface JourneyGuardDeps {
  readonly formGuard: FormGuard;
  readonly render: Renderer["render"];
  readonly basePath: string;
}

export function createJourneyGuard({
  formGuard,
  render,
  basePath,
}: JourneyGuardDeps): JourneyGuard {
  return (purposeOf, handle) => async (ctx) => {
    const fields = await readForm(ctx);
    const verdict = formGuard.check(ctx, purposeOf(ctx), fields["csrf_token"]);
    if (verdict === "genuine") return handle(ctx, fields);
    if (verdict === "no_cookies") {
      ctx.status = 303;
      return ctx.redirect(`${basePath}/cookies/probe`);
    }
    render(
      ctx,
      "error",
      {
        heading: message("common.form-foreign"),
        explanation: message("errors.form-other-browser"),
        errorCode: undefined,
        errorDescription: undefined,
        requestId: String(ctx.state["requestId"]),
        wayOn: { href: `${basePath}/`, label: message("common.to-start-page") },
      },
      403,
    );
  };
}
