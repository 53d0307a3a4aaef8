import { expect } from "chai";
import { generateClientId } from "../../../src/clients/client-id.js";

describe("client ids", () => {
  it("are 128 random bits that no command takes for an option", () => {
    expect(generateClientId()).to.match(/^client_[A-Za-z0-9_-]{22}$/);
    expect(generateClientId()).not.to.equal(generateClientId());
  });
});
