import type { Parameters, RelyingParty, TokenSet } from "./relying-party-libraries.js";
import type { TestServer } from "./test-server.js";
import { authorize, createUserAgent, type UserAgent } from "./user-agent.js";

export interface SignedIn {
  readonly agent: UserAgent;
  readonly callback: URL;
  readonly tokens: TokenSet;
  readonly subject: string;
}

/** The whole code flow: signs the test person in, allows what is asked, redeems the code. */
export async function signInWith(
  server: TestServer,
  relyingParty: RelyingParty,
  { agent = createUserAgent(server.issuer), parameters = {}, pushed = false }: SignInOptions = {},
): Promise<SignedIn> {
  const attempt = await relyingParty.begin(parameters, { pushed });
  const callback = await authorize(agent, attempt.url, server);
  const tokens = await relyingParty.redeem(attempt, callback);
  return { agent, callback, tokens, subject: String(tokens.claims?.["sub"]) };
}

export interface SignInOptions {
  /** A browser of its own when absent. */
  readonly agent?: UserAgent;
  readonly parameters?: Parameters;
  readonly pushed?: boolean;
}
