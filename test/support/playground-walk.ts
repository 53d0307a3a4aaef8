import {
  registerPlayground,
  createDemonstration,
} from "../../src/demonstration/create-demonstration.js";
import type { TestServer } from "./test-server.js";
import type { Page, UserAgent } from "./user-agent.js";

/** As `main.ts` does in development mode. @returns the secret of the playground's client. */
export async function preparePlayground({ app, issuer }: TestServer): Promise<string> {
  const deps = { ...app, issuer };
  await createDemonstration(deps);
  const clientSecret = await registerPlayground(deps);
  app.setPlaygroundSecret(clientSecret);
  return clientSecret;
}

/** From the start page through sign-in and consent, as far as the server leads. */
export async function signInAtPlayground(
  agent: UserAgent,
  server: TestServer,
  fields: Record<string, string> = { scope_openid: "on" },
): Promise<Page> {
  const start = await agent.open(`${server.issuer}/playground`);
  const page = await agent.submit(start, fields, { action: /\/authorize$/ });
  return passInteraction(agent, server, page);
}

/** Signs in and allows, where the pages ask for it. */
export async function passInteraction(
  agent: UserAgent,
  { username, password }: TestServer,
  first: Page,
): Promise<Page> {
  let page = first;
  if (page.html.includes('name="identifier"')) {
    page = await agent.submit(page, { identifier: username, password }, { action: /\/login$/ });
  }
  if (page.html.includes('name="decision"')) {
    page = await agent.submit(page, { decision: "allow" }, { action: /\/consent$/ });
  }
  return page;
}

/** Presses a button of the session page. */
export function takeStep(agent: UserAgent, page: Page, step: string): Promise<Page> {
  return agent.submit(page, { step }, { action: /\/steps$/ });
}

export interface ShownStep {
  readonly title: string;
  readonly badge: string;
  readonly outcome: string;
  readonly text: string;
  readonly curl: string;
}

/** The steps of the session page, newest first. */
export function readSteps({ html }: Page): ShownStep[] {
  return Array.from(html.matchAll(/<details class="details step".*?<\/details>/gs), ([step]) => ({
    title: textOf(/<span class="step-title">(.*?)<\/span>/s.exec(step)?.[1]),
    badge: textOf(/<span class="badge[^>]*>(.*?)<\/span>/s.exec(step)?.[1]),
    outcome: textOf(/<p class="step-outcome[^>]*>(.*?)<\/p>/s.exec(step)?.[1]),
    text: textOf(step),
    curl: textOf(/<pre class="command"[^>]*>(.*?)<\/pre>/s.exec(step)?.[1]),
  }));
}

/** What a person reads of a piece of a page. */
export function textOf(html = ""): string {
  return html
    .replaceAll(/<\/d[td]>/g, " ")
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&#92;", "\\")
    .replaceAll("&amp;", "&");
}
