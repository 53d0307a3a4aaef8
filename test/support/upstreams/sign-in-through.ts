import type { RelyingParty, TokenSet } from "../relying-party-libraries.js";
import type { TestServer } from "../test-server.js";
import { createUserAgent, type Page, type UserAgent } from "../user-agent.js";
import type { Upstream, UpstreamPerson } from "./upstream.js";

export interface Passage {
  readonly server: Pick<TestServer, "issuer">;
  readonly relyingParty: RelyingParty;
  readonly upstream: Pick<Upstream, "signInAs">;
  readonly providerId: string;
  readonly person: UpstreamPerson;
  /** A browser of its own when absent. */
  readonly agent?: UserAgent;
}

export interface SignedInThrough {
  readonly agent: UserAgent;
  readonly tokens: TokenSet;
  /** `sub` at the relying party. */
  readonly subject: string;
}

/** From the relying party through this server to a provider, and back to tokens. */
export async function signInThrough(passage: Passage): Promise<SignedInThrough> {
  const { server, relyingParty, upstream, providerId, person } = passage;
  const agent = passage.agent ?? createUserAgent(server.issuer);
  const attempt = await relyingParty.begin();
  const authorizationUrl = await leaveFor(agent, attempt.url, providerId);
  const answer = await upstream.signInAs(person, authorizationUrl);
  const callback = await goOn(agent, await agent.open(answer));
  const tokens = await relyingParty.redeem(attempt, callback);
  return { agent, tokens, subject: String(tokens.claims?.["sub"]) };
}

/** Opens the login page and chooses a provider there. @returns where that sends the browser. */
async function leaveFor(agent: UserAgent, url: string | URL, providerId: string): Promise<URL> {
  const login = await agent.open(url);
  const { url: there } = await agent.open(`${login.url.href}/upstream/${providerId}`);
  return there;
}

/** Allows what is asked. @returns where the browser leaves to. @throws at any other page */
async function goOn(agent: UserAgent, from: Page): Promise<URL> {
  let page = from;
  if (page.html.includes('name="decision"')) {
    page = await agent.submit(page, { decision: "allow" }, { action: /\/consent$/ });
  }
  if (page.status === 303) return page.url;
  throw new Error(`unexpected page ${page.status} ${page.url.href}: ${page.html.slice(0, 3000)}`);
}
