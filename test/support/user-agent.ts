/**
 * A browser without a screen: follows redirects one by one, keeps cookies by path, posts forms as
 * they stand in the page. For tests about the protocol; what people see is tested in Chromium.
 */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  /** Undefined: until the browser is closed. */
  readonly expiresAtMs?: number | undefined;
}

export interface UserAgent {
  /** Follows redirects until a page, or a redirect that leaves `origin`, which is returned with status 303 and empty html. */
  open(url: string | URL): Promise<Page>;
  submit(page: Page, fields: Record<string, string>, form?: { action?: RegExp }): Promise<Page>;
  readonly cookies: Cookie[];
}

export interface UserAgentOptions {
  readonly keepsCookies?: boolean;
  /** Redirects that are not followed, but returned as those that leave `origin`. */
  readonly stopsAt?: (url: URL) => boolean;
  /** As a proxy tells it that the server trusts. */
  readonly address?: string | (() => string);
  /** Sent as `Accept-Language`. */
  readonly languages?: string;
}

export function createUserAgent(
  origin: string,
  { keepsCookies = true, stopsAt = () => false, address, languages }: UserAgentOptions = {},
): UserAgent {
  const cookies: Cookie[] = [];

  async function go(url: URL, init: RequestInit = {}): Promise<Page> {
    let next = url;
    let request = init;
    for (let hop = 0; hop < 20; hop++) {
      if (next.origin !== new URL(origin).origin || (hop > 0 && stopsAt(next))) {
        return { url: next, status: 303, headers: new Headers(), html: "" };
      }
      const headers = new Headers(request.headers);
      headers.set("Accept", "text/html");
      if (address !== undefined) {
        const from = typeof address === "string" ? address : address();
        headers.set("X-Forwarded-For", from);
      }
      if (languages !== undefined) headers.set("Accept-Language", languages);
      const cookie = cookieHeader(next.pathname);
      if (cookie !== "") headers.set("Cookie", cookie);
      const response = await fetch(next, { ...request, headers, redirect: "manual" });
      keepCookies(response);
      const location = response.headers.get("Location");
      if (location === null || response.status < 300 || response.status >= 400) {
        return {
          url: next,
          status: response.status,
          headers: response.headers,
          html: await response.text(),
        };
      }
      await response.body?.cancel();
      next = new URL(location, next);
      request = {};
    }
    throw new Error(`redirect loop at ${next.href}`);
  }

  function keepCookies(response: Response): void {
    if (!keepsCookies) return;
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf("="));
      const value = pair.slice(pair.indexOf("=") + 1);
      const path = attributes.find((a) => a.toLowerCase().startsWith("path="))?.slice(5) ?? "/";
      const expires = attributes.find((a) => a.toLowerCase().startsWith("expires="))?.slice(8);
      const index = cookies.findIndex((known) => known.name === name && known.path === path);
      if (index >= 0) cookies.splice(index, 1);
      const expiresAtMs = expires === undefined ? undefined : Date.parse(expires);
      const gone = value === "" || (expiresAtMs !== undefined && expiresAtMs <= Date.now());
      if (!gone) cookies.push({ name, value, path, expiresAtMs });
    }
  }

  function cookieHeader(path: string): string {
    return cookies
      .filter((cookie) => path === cookie.path || path.startsWith(cookie.path.replace(/\/?$/, "/")))
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  }

  return {
    cookies,
    open: (url) => go(new URL(url)),
    submit(page, fields, form = {}) {
      const found = findForm(page.html, form.action);
      const body = new URLSearchParams({ ...found.hidden, ...fields });
      return go(new URL(found.action, page.url), {
        method: "POST",
        headers: {
          Origin: new URL(origin).origin,
          "Content-Type": "application/x-www-form-urlencoded",
        },
        body: body.toString(),
      });
    },
  };
}

/** The first form of a page, or the first whose action matches. */
function findForm(html: string, action = /./): { action: string; hidden: Record<string, string> } {
  for (const [, attributes = "", content = ""] of html.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)) {
    const target = unescape(/action="([^"]*)"/.exec(attributes)?.[1] ?? "");
    if (!action.test(target)) continue;
    const hidden: Record<string, string> = {};
    for (const [input] of content.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      const name = /name="([^"]*)"/.exec(input)?.[1];
      if (name !== undefined) hidden[name] = unescape(/value="([^"]*)"/.exec(input)?.[1] ?? "");
    }
    return { action: target, hidden };
  }
  throw new Error(`no form to ${String(action)} in: ${html.slice(0, 600)}`);
}

function unescape(text: string): string {
  return text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/** Opens an authorization URL, signs in and allows; returns the URL at the client that it ends at. */
export async function authorize(
  agent: UserAgent,
  url: string | URL,
  credentials: { username: string; password: string },
): Promise<URL> {
  let page = await agent.open(url);
  for (let step = 0; step < 5 && page.status !== 303; step++) {
    if (/name="identifier"/.test(page.html)) {
      const { username, password } = credentials;
      page = await agent.submit(page, { identifier: username, password }, { action: /\/login$/ });
    } else if (/name="decision"/.test(page.html)) {
      page = await agent.submit(page, { decision: "allow" }, { action: /\/consent$/ });
    } else {
      throw new Error(
        `unexpected page ${page.status} ${page.url.href}: ${page.html.slice(0, 2000)}`,
      );
    }
  }
  return page.url;
}
