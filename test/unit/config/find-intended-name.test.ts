import { expect } from "chai";
import { findIntendedName } from "../../../src/config/find-intended-name.js";

const NAMES = ["PORT", "HOST", "SECRET_KEY", "TRUST_PROXY", "SESSION_EXPIRE_DAYS"];

describe("findIntendedName", () => {
  const misspelt = [
    ["port", "PORT"],
    ["PORTS", "PORT"],
    ["SECRETKEY", "SECRET_KEY"],
    ["SECRET_KY", "SECRET_KEY"],
    ["TRUSTED_PROXY", "TRUST_PROXY"],
    ["SESSION_EXPIRES_DAY", "SESSION_EXPIRE_DAYS"],
  ] as const;
  for (const [name, intended] of misspelt) {
    it(`finds ${intended} for ${name}`, () => {
      expect(findIntendedName(name, NAMES)).to.equal(intended);
    });
  }

  it("finds nothing for a right name", () => {
    for (const name of NAMES) expect(findIntendedName(name, NAMES)).to.equal(undefined);
  });

  it("finds nothing for the names of others", () => {
    const others = ["PATH", "PGHOST", "PGPORT", "NODE_OPTIONS", "POSTGRES_PASSWORD", "TZ", "A", ""];
    for (const name of others) expect(findIntendedName(name, NAMES), name).to.equal(undefined);
  });
});
