import { expect } from "chai";
import type { SignInChoice } from "../../../src/federation/upstream-provider.js";
import { findWaysIn, type WaysInFacts } from "../../../src/http/federation/ways-in.js";

function provider(id: string, changes: Partial<SignInChoice> = {}): SignInChoice {
  const displayName = id.toUpperCase();
  const choice = { id, displayName, icon: undefined, only: false, hintDomains: [] };
  return { ...choice, canReauthenticate: true, ...changes };
}

const CORP = provider("corp", { hintDomains: ["acme.test"] });
const GITHUB = provider("github", { canReauthenticate: false });

function find({ choices = [CORP, GITHUB], params = {}, last }: Partial<WaysInFacts>) {
  const ways = findWaysIn({ choices, params, last, path: "/x" });
  return { ...ways, ids: ways.providers.map(({ href }) => href.slice("/x/".length)) };
}

describe("findWaysIn", () => {
  it("is the password alone without providers", () => {
    expect(find({ choices: [], params: { idp_hint: "gone" } })).to.deep.include({
      password: true,
      ids: [],
      straightTo: undefined,
    });
  });

  it("puts the provider that this browser used last first, and believes nothing else of it", () => {
    expect(find({ last: "github" }).providers).to.deep.equal([
      { href: "/x/github", name: "GITHUB", icon: undefined, isLast: true },
      { href: "/x/corp", name: "CORP", icon: undefined, isLast: false },
    ]);
    for (const last of ["gone", "", "<script>"]) {
      expect(find({ last })).to.deep.include({ ids: ["corp", "github"], straightTo: undefined });
    }
  });

  it("goes straight to the provider that the application asks for", () => {
    const straight = (params: Record<string, unknown>) => find({ params }).straightTo;
    expect(straight({ idp_hint: "github" })).to.equal("/x/github");
    expect(straight({ acr_values: "urn:x urn:latchkey:idp:github" })).to.equal("/x/github");
    expect(straight({ idp_hint: "gone" })).to.equal(undefined);
    expect(straight({ idp_hint: ["github"] })).to.equal(undefined);
    expect(straight({ acr_values: "github" })).to.equal(undefined);
  });

  it("goes straight to the provider that the domain of login_hint belongs to, in any case", () => {
    const straight = (login_hint: unknown) => find({ params: { login_hint } }).straightTo;
    expect(straight("ada@acme.test")).to.equal("/x/corp");
    expect(straight("Ada@ACME.test")).to.equal("/x/corp");
    for (const hint of ["acme.test", "ada@sub.acme.test", "ada@acme.test@evil.test", "ada", "@"]) {
      expect(straight(hint), hint).to.equal(undefined);
    }
  });

  it("lets the person choose when a domain belongs to two", () => {
    const choices = [CORP, provider("corp2", { hintDomains: ["acme.test"] })];
    const ways = find({ choices, params: { login_hint: "ada@acme.test" } });
    expect(ways.straightTo).to.equal(undefined);
  });

  it("knows no way in but the only one, whatever the application asks for", () => {
    const choices = [provider("main", { only: true, hintDomains: ["acme.test"] })];
    for (const params of [{}, { idp_hint: "github" }, { login_hint: "ada@acme.test" }]) {
      expect(find({ choices, params })).to.deep.include({
        ids: ["main"],
        password: false,
        straightTo: "/x/main",
      });
    }
  });

  it("leaves out who cannot make a person sign in anew when that is asked for (Core §3.1.2.1)", () => {
    for (const params of [{ prompt: "consent login" }, { max_age: 60 }, { max_age: 0 }]) {
      const asked = { ...params, idp_hint: "github" };
      expect(find({ params: asked })).to.deep.include({
        ids: ["corp"],
        unfit: ["GITHUB"],
        straightTo: undefined,
      });
    }
  });
});
