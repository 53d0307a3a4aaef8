/** RP-initiated logout: the way to the server and the way back. */
import { randomToken } from "../../lib/random-token.js";
import { findMetadata } from "./discover.js";
import { clientAddresses, type ClientDeps } from "./playground-deps.js";
import { recordStep, type PlaygroundSession } from "./playground-session.js";

/** @returns where to send the browser; "failed": see the steps; undefined: nobody is signed in. */
export async function beginSignOut(
  session: PlaygroundSession,
  { issuer }: ClientDeps,
): Promise<URL | "failed" | undefined> {
  const identity = session.tokens?.identity;
  if (identity === undefined) return undefined;
  const metadata = await findMetadata(session, issuer);
  if (metadata === undefined) return "failed";
  const state = randomToken();
  const url = new URL(metadata.end_session_endpoint);
  url.searchParams.set("id_token_hint", identity.idToken);
  url.searchParams.set("post_logout_redirect_uri", clientAddresses(issuer).postLogoutRedirectUri);
  url.searchParams.set("state", state);
  const step = recordStep(session, {
    title: "Sign-out request",
    purpose:
      "Your browser carries this request to the server, which ends the session there and sends it back.",
    byBrowser: true,
    request: { method: "GET", url: url.href },
    curlNote:
      "The answer is the page that asks for confirmation. This command has no session, so it ends none.",
    outcome: { kind: "waiting", text: "The browser has not come back yet." },
  });
  session.pendingSignOut = { state, step };
  return url;
}

/** @returns whether this is the way back of a sign-out of this session. */
export function finishSignOut(session: PlaygroundSession, state: string | undefined): boolean {
  const pending = session.pendingSignOut;
  if (pending === undefined || pending.state !== state) return false;
  session.pendingSignOut = undefined;
  pending.step.answer = [{ name: "state", value: state }];
  pending.step.checks = [
    { passed: true, text: "state is the one that this browser was sent away with." },
  ];
  pending.step.outcome = {
    kind: "success",
    text: "The browser came back. Unless you chose to stay signed in, the session at the server has ended. The playground keeps the tokens, so that you can see what became of them.",
  };
  return true;
}
