import { expect } from "chai";
import Koa from "koa";
import { createUpstreamCookie } from "../../../src/http/federation/upstream-cookie.js";

/** What a browser with these cookies is told. */
function setCookieLines(issuer: string, cookie: string): string[] {
  const app = new Koa({ proxy: true });
  const headers: string[] = [];
  const request = { headers: { cookie, "x-forwarded-proto": "https" }, socket: {} };
  const response = {
    getHeader: () => headers,
    setHeader: (_name: string, lines: string[]) => void headers.splice(0, headers.length, ...lines),
    on() {},
  };
  const ctx = app.createContext(Object(request), Object(response));
  createUpstreamCookie(issuer).set(ctx, "a state", "sealed");
  return headers;
}

const ISSUER = "https://op.example.com";

describe("the cookie of a sign-in at another provider", () => {
  it("is this host's alone, out of reach of scripts, sent along when the provider sends the browser back", () => {
    const [line = ""] = setCookieLines(ISSUER, "");
    expect(line).to.match(/^__Host-latchkey_upstream_[\w-]{12}=sealed; path=\/; expires=/);
    expect(line)
      .to.match(/; secure/i)
      .and.match(/; httponly/i)
      .and.match(/; samesite=lax/i);
    expect(line).to.not.match(/domain=/i);
  });

  it("makes room: of many tabs the oldest are forgotten", () => {
    const names = Array.from({ length: 7 }, (_, index) => `__Host-latchkey_upstream_tab${index}`);
    const cookie = ["other=1", ...names.map((name) => `${name}=x`)].join("; ");
    const removed = setCookieLines(ISSUER, cookie).filter((line) => /=;/.test(line));
    expect(removed.map((line) => line.slice(0, line.indexOf("=")))).to.deep.equal(
      names.slice(0, 3),
    );
  });
});
