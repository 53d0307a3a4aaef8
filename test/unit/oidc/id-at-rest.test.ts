import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { createSealer } from "../../../src/lib/seal.js";
import { createIdAtRest, ID_NOT_OPENED } from "../../../src/oidc/id-at-rest.js";
import { createModelValues } from "../../../src/oidc/model-values.js";
import { createStoredPayloads } from "../../../src/oidc/stored-payload.js";

describe("a session that is found by its uid", () => {
  const values = createModelValues(randomBytes(32));
  const sealer = createSealer("a secret of more than thirty-two characters", "model-ids");
  const payloads = createStoredPayloads("Session", { sealer, values });

  it("brings all that it holds but the id that its cookie carries", () => {
    const id = values.create("abc", 32);
    const stored = payloads.store(id, { uid: "abc", accountId: "acct_1", jti: id });
    expect(JSON.stringify(stored)).not.to.include(id.slice(3));
    expect(payloads.reopen("abc", stored)).to.include({ uid: "abc", accountId: "acct_1" });
    expect(JSON.stringify(payloads.reopen("abc", stored))).not.to.include(id.slice(3));
  });

  it("can be neither written nor destroyed, rather than another record by a wrong id", () => {
    expect(() => createIdAtRest("Session", values)(ID_NOT_OPENED)).to.throw(
      TypeError,
      /by its uid/,
    );
  });
});
