import { expect } from "chai";
import {
  checkField,
  readField,
  writeField,
  type ProfileField,
} from "../../../src/accounts/profile-fields.js";

describe("fields of a profile (OIDC Core §5.1)", () => {
  const cases: readonly (readonly [ProfileField, string, boolean])[] = [
    ["name", "Ada Example", true],
    ["name", "Ada\u202eExample", false],
    ["name", "x".repeat(201), false],
    ["birthdate", "1990-12-31", true],
    ["birthdate", "1990", true],
    ["birthdate", "0000-02-29", true],
    ["birthdate", "0000", false],
    ["birthdate", "1990-02-30", false],
    ["birthdate", "31.12.1990", false],
    ["website", "https://example.com/ada", true],
    ["website", "http://example.com/", false],
    ["picture", "javascript:alert(1)", false],
    ["picture", "https://user:secret@example.com/", false],
    ["phone_number", "+4930123456", true],
    ["phone_number", "030 123456", false],
    ["zoneinfo", "Europe/Berlin", true],
    ["zoneinfo", "Middle/Earth", false],
    ["locale", "pt-BR", true],
    ["locale", "not a locale", false],
    ["address.country", "", true],
  ];
  for (const [field, value, isRight] of cases) {
    it(`${isRight ? "takes" : "refuses"} ${field} ${JSON.stringify(value.slice(0, 40))}`, () => {
      expect(checkField(field, value) === undefined).to.equal(isRight);
    });
  }

  it("are read as they were written, and are gone when they are empty", () => {
    const written = writeField({ name: "Ada" }, "address.country", "Germany");
    expect(written).to.deep.equal({ name: "Ada", address: { country: "Germany" } });
    expect(readField(written, "address.country")).to.equal("Germany");
    expect(writeField(written, "address.country", "")).to.deep.equal({ name: "Ada" });
  });

  it("forget that a phone number was verified when it changes", () => {
    const profile = { phone_number: "+4930123456", phone_number_verified: true };
    expect(writeField(profile, "phone_number", "+4930654321")).to.deep.equal({
      phone_number: "+4930654321",
    });
  });
});
