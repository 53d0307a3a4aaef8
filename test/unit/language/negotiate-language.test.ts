import { expect } from "chai";
import { negotiateLanguage } from "../../../src/language/negotiate-language.js";

describe("negotiateLanguage", () => {
  it("takes the request before the browser's choice, that before the account, that before the header", () => {
    const all = {
      uiLocales: "xx fr-CA de",
      chosen: "ja",
      accountLocale: "es-419",
      acceptLanguage: "pt-BR,pt;q=0.9,en;q=0.8",
    };
    expect(negotiateLanguage(all)).to.equal("fr");
    expect(negotiateLanguage({ ...all, uiLocales: "xx tlh" })).to.equal("ja");
    expect(negotiateLanguage({ ...all, uiLocales: undefined, chosen: "xx" })).to.equal("es");
    expect(negotiateLanguage({ acceptLanguage: all.acceptLanguage })).to.equal("pt");
    expect(negotiateLanguage({})).to.equal("en");
  });

  it("reads weights, case and what nobody accepts (RFC 9110 §12.5.4)", () => {
    const accept = (acceptLanguage: string) => negotiateLanguage({ acceptLanguage });
    expect(accept("en;q=0.5, DE-at;q=0.8, fr;q=0")).to.equal("de");
    expect(accept("fr;q=0")).to.equal("en");
    expect(accept("*, xx")).to.equal("en");
    expect(accept("constructor, toString")).to.equal("en");
    expect(accept(`${"xx,".repeat(5000)}de`)).to.equal("en");
  });
});
