import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { loadConfig } from "../../../src/config/load-config.js";
import { loadProvidersFile } from "../../../src/config/providers-file.js";

describe("the file that declares providers", () => {
  let directory: string;
  let path: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "latchkey-providers-"));
    path = join(directory, "providers.json");
    writeFileSync(join(directory, "entra-secret"), "s3cret\n");
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  function reasonsOf(content: unknown): string[] {
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return loadProvidersFile(path).problems.map(({ reason }) => reason);
  }

  const entra = {
    id: "entra",
    client_id: "latchkey",
    client_secret_file: "entra-secret",
    issuer: "https://login.example.com",
  };

  it("says all that can be said of a provider, and little where little is said", () => {
    const whole = {
      ...entra,
      display_name: "Work account",
      icon: "microsoft",
      authentication: "client_secret_post",
      scopes: ["openid", "email"],
      authorization_parameters: { domain_hint: "example.com" },
      claims: { email: "mail", email_verified: { const: true } },
      accounts: "invited",
      allowed_domains: ["example.com"],
      email_authoritative_for: ["example.com"],
      hint_domains: ["example.com"],
      takes_over_profile: true,
      only: true,
      acr_mapping: { "*": "urn:example:any" },
      amr_mapping: { "2fa": "mfa" },
      logout: { from_upstream: true, to_upstream: true },
      disabled: false,
    };
    const github = {
      id: "github",
      preset: "github",
      client_id: "x",
      client_secret_file: "entra-secret",
    };
    expect(reasonsOf({ providers: [whole, github] })).to.deep.equal([]);
    const { declaredProviders } = loadConfig({ PROVIDERS_FILE: path });
    const [first, second] = declaredProviders?.providers ?? [];
    expect(first?.clientSecret).to.equal("s3cret");
    expect(first?.provider).to.deep.include({
      displayName: "Work account",
      claims: { email: "mail", email_verified: { const: true } },
      logout: { fromUpstream: true, toUpstream: true },
    });
    expect(second?.provider).to.include({ issuer: "https://github.com", clientId: "x" });
  });

  it("tells everything that is wrong, each with its place", () => {
    const bad = {
      ...entra,
      scopes: ["email"],
      allowed_domains: ["@x"],
      issuer: "http://a.example",
    };
    const reasons = reasonsOf({ providers: [bad] });
    expect(reasons).to.have.length(3);
    for (const place of ["issuer", "scopes", "allowed_domains"]) {
      expect(reasons.join("\n")).to.include(`at providers[0].${place} must`);
    }
  });

  for (const [what, content, words] of [
    [
      "a member that there is not",
      { providers: [{ ...entra, client_secrets: "x" }] },
      "is no member",
    ],
    ["a secret itself", { providers: [{ ...entra, client_secret: "x" }] }, "client_secret_file"],
    [
      "a secret file that is not there",
      { providers: [{ ...entra, client_secret_file: "no" }] },
      "does not exist",
    ],
    [
      "an unknown preset",
      { providers: [{ ...entra, preset: "x" }] },
      "preset must be one of github",
    ],
    ["no issuer", { providers: [{ ...entra, issuer: undefined }] }, "issuer is missing"],
    [
      "an id twice",
      { providers: [entra, { ...entra, issuer: "https://b.example" }] },
      "providers[1].id is that",
    ],
    [
      "an issuer twice",
      { providers: [entra, { ...entra, id: "b" }] },
      "providers[1].issuer is that",
    ],
    [
      "a secret method without a secret",
      {
        providers: [
          { ...entra, client_secret_file: undefined, authentication: "client_secret_basic" },
        ],
      },
      "needs a client secret",
    ],
    ["no JSON", "{", "is not valid JSON"],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(reasonsOf(content).join("\n")).to.include(words);
    });
  }

  it("proves itself by its own key where there is no secret", () => {
    const { client_secret_file: _file, ...keyed } = entra;
    expect(reasonsOf({ providers: [keyed] })).to.deep.equal([]);
  });
});
