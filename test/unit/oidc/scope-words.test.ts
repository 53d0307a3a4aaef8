import { expect } from "chai";
import { LANGUAGE_TAGS } from "../../../src/language/languages.js";
import { CLAIMS_BY_SCOPE } from "../../../src/oidc/claims.js";
import { clientName } from "../../../src/oidc/client-name.js";
import { describeScopes } from "../../../src/oidc/scope-words.js";
import { translators } from "../../support/translators.js";

describe("describeScopes", () => {
  const claims = ["profile", "email", "phone", "address"].flatMap((s) => CLAIMS_BY_SCOPE[s] ?? []);

  for (const language of LANGUAGE_TAGS) {
    it(`has words of its own for each claim in ${language} (OpenID Connect Core §5.1)`, () => {
      const tell = translators.translatorFor(language);
      const items = describeScopes([], claims).flatMap((group) => group.items);
      const words = items.map((item) => tell(item));
      expect(words).to.have.length(19);
      expect(new Set(words)).to.have.property("size", 19);
      expect(words.join()).to.not.match(/phone number verified|updated at|_/);
      expect(tell("login.title", { clientName: clientName(undefined) })).to.match(/\p{L}/u);
    });
  }

  it("calls a claim that is not known any more by its name", () => {
    const [group] = describeScopes([], ["shoe_size"]);
    expect(group?.items.map((item) => translators.englishOf(item))).to.deep.equal([
      "See your shoe size",
    ]);
  });
});
