import type { Page, UserAgent } from "../user-agent.js";
import type { Upstream, UpstreamPerson } from "./upstream.js";

/** From an authorization request to the provider. @returns where its page is, as the browser was sent there. */
export async function goToUpstream(
  agent: UserAgent,
  authorizationUrl: string | URL,
  providerId: string,
): Promise<URL> {
  const login = await agent.open(authorizationUrl);
  const { origin, pathname } = login.url;
  const uid = /^\/interaction\/([^/]+)/.exec(pathname)?.[1];
  if (uid === undefined) throw new Error(`no interaction at ${login.url.href}: ${login.html}`);
  const left = await agent.open(`${origin}/interaction/${uid}/upstream/${providerId}`);
  if (left.status !== 303) throw new Error(`stayed at ${left.url.href}: ${left.html}`);
  return left.url;
}

export interface UpstreamWalk {
  readonly upstream: Pick<Upstream, "signInAs">;
  readonly providerId: string;
  readonly person: UpstreamPerson;
}

/** All the way: to the provider, in there, and back. @returns the page that it ends at. */
export async function signInThrough(
  agent: UserAgent,
  authorizationUrl: string | URL,
  { upstream, providerId, person }: UpstreamWalk,
): Promise<Page> {
  const there = await goToUpstream(agent, authorizationUrl, providerId);
  return agent.open(await upstream.signInAs(person, there));
}
