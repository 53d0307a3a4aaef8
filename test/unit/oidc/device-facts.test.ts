import { expect } from "chai";
import { deviceFacts } from "../../../src/oidc/device-facts.js";

describe("deviceFacts", () => {
  const seen = (ip: string, userAgent = "") =>
    deviceFacts({ ip, get: () => userAgent }, 1_800_000_000);

  for (const [ip, network] of [
    ["192.0.2.17", "192.0.2.0/24"],
    ["::ffff:192.0.2.17", "192.0.2.0/24"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"],
    ["2001:db8::6", "2001:db8:0::/48"],
    ["::1", "0:0:0::/48"],
    ["not an address", undefined],
  ] as const) {
    it(`tells the network of ${ip}, not the address`, () => {
      expect(seen(ip)?.network).to.equal(network);
    });
  }

  it("tells when", () => {
    expect(seen("192.0.2.1")?.seenAtSeconds).to.equal(1_800_000_000);
  });

  it("keeps so much of a user agent as browsers send", () => {
    expect(seen("192.0.2.1", "x".repeat(5000))?.userAgent).to.have.length(256);
    expect(seen("192.0.2.1")?.userAgent).to.equal(undefined);
  });

  it("knows nothing outside a request", () => {
    expect(deviceFacts(undefined, 1_800_000_000)).to.equal(undefined);
  });
});
