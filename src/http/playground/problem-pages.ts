import type { Context } from "koa";
import { asWritten } from "../../lib/message.js";
import type { PlaygroundDeps } from "./playground-deps.js";

export interface Problem {
  readonly status: number;
  readonly heading: string;
  readonly explanation: string;
  /** The start of the playground unless told. */
  readonly wayOn?: { readonly href: string; readonly label: string };
}

/** What cannot be a step of a session: each says what happened and leads on. */
export function createProblemPages({
  render,
  basePath,
}: Pick<PlaygroundDeps, "render" | "basePath">) {
  const base = `${basePath}/playground`;
  const toSteps = { href: `${base}/session`, label: "See the steps so far" };

  function show(ctx: Context, { status, heading, explanation, wayOn }: Problem): void {
    const { href, label } = wayOn ?? { href: base, label: "Go to the playground" };
    render(
      ctx,
      "error",
      {
        heading: asWritten(heading),
        explanation: asWritten(explanation),
        errorCode: undefined,
        errorDescription: undefined,
        requestId: String(ctx.state["requestId"]),
        wayOn: { href, label: asWritten(label) },
      },
      status,
    );
  }

  return {
    lostSession: (ctx: Context) =>
      show(ctx, {
        status: 400,
        heading: "This browser has no playground session",
        explanation:
          "It may have ended after an hour without use or with a restart of the server, or the browser keeps no cookies. Start again to get a new one.",
      }),

    unknownAnswer: (ctx: Context) =>
      show(ctx, {
        status: 400,
        heading: "No request waits for this answer",
        explanation:
          "Its state is not one that this browser was sent away with, or the answer was used already. It was not used now.",
        wayOn: toSteps,
      }),

    staleStep: (ctx: Context) =>
      show(ctx, {
        status: 409,
        heading: "This step cannot be taken now",
        explanation:
          "The playground does not hold the token that it needs. The page may be older than the session.",
        wayOn: toSteps,
      }),

    forgedForm: (ctx: Context) =>
      show(ctx, {
        status: 403,
        heading: "This form came from another site",
        explanation: "Only the forms of the playground itself are answered. Nothing was done.",
      }),

    notRegistered: (ctx: Context) =>
      show(ctx, {
        status: 409,
        heading: "The playground is not registered as a client",
        explanation: "Start the server with DEMONSTRATION_DATA=true to register it.",
      }),
  };
}
