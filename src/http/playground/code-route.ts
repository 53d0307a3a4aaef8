/** `/callback`: where a client without a page of its own sends people, to redeem the code by hand. */
import type Router from "@koa/router";
import type { Context } from "koa";
import { redemptionCommand } from "./curl-command.js";
import { describeParameters } from "./describe-parameters.js";
import { discoveryRequest, parseMetadata } from "./discover.js";
import { sendRequest, toSentRequest } from "./http-exchange.js";
import { clientAddresses, type PlaygroundDeps } from "./playground-deps.js";
import type { PlaygroundCodeView } from "./playground-views.js";
import { readAnswer, type Answer } from "./read-answer.js";

export function addCodeRoute(router: Router, deps: PlaygroundDeps): void {
  const { issuer, basePath, render } = deps;

  router.get("/callback", async (ctx: Context) => {
    const answer = readAnswer(ctx);
    // The code stands in the address of this page: no link must carry it away.
    ctx.set("Referrer-Policy", "no-referrer");
    render(ctx, "playground/code", {
      playgroundUrl: `${basePath}/playground`,
      issuer,
      parameters: describeParameters(Object.entries(answer)),
      verdict: await judge(answer),
    });
  });

  async function judge({ code, error, iss }: Answer): Promise<PlaygroundCodeView["verdict"]> {
    if (code === undefined && error === undefined) return { kind: "nothing" };
    // RFC 9207 §2.4: a code of another server must not be sent to this one.
    if (iss !== undefined && iss !== issuer) return { kind: "foreign" };
    if (code === undefined || error !== undefined) return { kind: "error" };
    const tokenEndpoint = await findTokenEndpoint(issuer);
    const { byHand: redirectUri } = clientAddresses(issuer);
    return {
      kind: "code",
      command: redemptionCommand({ tokenEndpoint, code, redirectUri }),
      isEndpointKnown: tokenEndpoint !== undefined,
      namesIssuer: iss !== undefined,
    };
  }
}

/** From discovery; when that fails, a shell variable says what is missing. */
async function findTokenEndpoint(issuer: string): Promise<string | undefined> {
  const { response } = await sendRequest(toSentRequest(discoveryRequest(issuer)));
  const document = response?.status === 200 ? response.json : undefined;
  return document === undefined
    ? undefined
    : parseMetadata(document, issuer).metadata?.token_endpoint;
}
