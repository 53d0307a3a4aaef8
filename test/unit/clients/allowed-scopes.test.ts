import { expect } from "chai";
import { allowedScopes } from "../../../src/clients/allowed-scopes.js";

const api = { scopes: { read: "Read", write: "Write" }, open: false, clients: {} };

describe("the scopes of an API that a client may ask for", () => {
  it("are none of an API that lists others", () => {
    expect(allowedScopes(api, "c")).to.equal(undefined);
    expect(allowedScopes({ ...api, clients: { d: "all" } }, "c")).to.equal(undefined);
  });

  it("are all of an open API, and all where nothing is said of scopes", () => {
    expect(allowedScopes({ ...api, open: true }, "c")).to.deep.equal(["read", "write"]);
    expect(allowedScopes({ ...api, clients: { c: "all" } }, "c")).to.deep.equal(["read", "write"]);
  });

  it("are those that are listed and that the API has, of an open API too", () => {
    const clients = { c: ["write", "admin"] };
    for (const open of [false, true]) {
      expect(allowedScopes({ ...api, open, clients }, "c")).to.deep.equal(["write"]);
    }
  });

  it("may be none at all, and still a token", () => {
    expect(allowedScopes({ ...api, clients: { c: [] } }, "c")).to.deep.equal([]);
  });

  it("are not what an object has by nature", () => {
    for (const name of ["constructor", "__proto__", "toString"]) {
      expect(allowedScopes(api, name)).to.equal(undefined);
    }
  });
});
