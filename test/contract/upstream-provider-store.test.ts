import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { describeKeptAndNot } from "../support/stores.js";
import { codeOfRejection } from "../support/stores-rejection.js";
import { newUpstreamProvider } from "../support/upstream-provider.js";

/** Nobody tells a node of another's rows but the database. */
const TOLD_WITHIN_MS = 1000;

describeKeptAndNot("UpstreamProviderStore", (stores) => {
  const providers = () => stores().upstreamProviders;

  it("gives back every fact of a provider", async () => {
    const given = newUpstreamProvider({
      displayName: "Entra ID",
      icon: "microsoft",
      kind: "oauth",
      preset: "github",
      authentication: "private_key_jwt",
      sealedClientSecret: "v1.sealed",
      authorizationParameters: { domain_hint: "example.com" },
      claims: { email: "mail", email_verified: { const: true }, name: "display.name" },
      accounts: "invited",
      allowedDomains: ["example.com"],
      emailAuthoritativeFor: ["example.org"],
      hintDomains: ["example.net"],
      takesOverProfile: true,
      only: true,
      acrMapping: { gold: "urn:latchkey:acr:federated" },
      amrMapping: { "2fa": "mfa" },
      logout: { fromUpstream: false, toUpstream: true },
      disabled: true,
      managedBy: "/etc/latchkey/providers.json",
    });
    await providers().create(given);
    expect(await providers().find(given.id)).to.deep.equal({ ...given, version: 1 });
    expect(await providers().list()).to.deep.include({ ...given, version: 1 });
  });

  it("finds none under an id that nobody has, or that no database takes", async () => {
    expect(await providers().find("nobody")).to.equal(undefined);
    expect(await providers().find("no\0body")).to.equal(undefined);
  });

  it("gives an id and an issuer to one provider alone", async () => {
    const one = newUpstreamProvider();
    await providers().create(one);
    const sameId = newUpstreamProvider({ id: one.id, issuer: "https://other.example.com" });
    const sameIssuer = newUpstreamProvider({ issuer: one.issuer });
    expect(await codeOfRejection(providers().create(sameId))).to.equal("provider_exists");
    expect(await codeOfRejection(providers().create(sameIssuer))).to.equal("provider_exists");
    const other = newUpstreamProvider();
    await providers().create(other);
    const taken = providers().update(other.id, () => ({ issuer: one.issuer }));
    expect(await codeOfRejection(taken)).to.equal("provider_exists");
    expect(await providers().find(other.id)).to.deep.include({ issuer: other.issuer, version: 1 });
  });

  it("counts every change, also of those who make them at once", async () => {
    const { id } = newUpstreamProvider();
    await providers().create(newUpstreamProvider({ id }));
    await Promise.all(
      ["a.example", "b.example", "c.example"].map((domain) =>
        providers().update(id, ({ allowedDomains }) => ({
          allowedDomains: [...allowedDomains, domain].toSorted(),
        })),
      ),
    );
    expect(await providers().find(id)).to.deep.include({
      allowedDomains: ["a.example", "b.example", "c.example"],
      version: 4,
    });
  });

  it("changes nothing when the change is refused, and finds none to change", async () => {
    const { id } = newUpstreamProvider();
    await providers().create(newUpstreamProvider({ id }));
    const refused = providers().update(id, () => {
      throw new Error("no");
    });
    expect(await codeOfRejection(refused)).to.be.an("error");
    expect(await providers().find(id)).to.deep.include({ version: 1 });
    expect(await providers().update("nobody", () => ({ disabled: true }))).to.equal(undefined);
  });

  it("deletes a provider once", async () => {
    const { id } = newUpstreamProvider();
    await providers().create(newUpstreamProvider({ id }));
    expect(await providers().delete(id)).to.equal(true);
    expect(await providers().find(id)).to.equal(undefined);
    expect(await providers().delete(id)).to.equal(false);
  });

  it("is told of what others add, change and delete", async () => {
    const { knex } = stores().database;
    const { id } = newUpstreamProvider();
    await providers().create(newUpstreamProvider({ id }));
    await knex("upstream_provider").where({ id }).update({ disabled: true });
    await delay(TOLD_WITHIN_MS);
    expect(await providers().find(id)).to.deep.include({ disabled: true });
    await knex("upstream_provider").where({ id }).delete();
    await delay(TOLD_WITHIN_MS);
    expect(await providers().find(id)).to.equal(undefined);
  });
});
