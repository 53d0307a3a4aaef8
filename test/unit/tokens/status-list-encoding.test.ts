import { inflateSync } from "node:zlib";
import { expect } from "chai";
import {
  createStatusBits,
  encodeStatusBits,
  markInvalid,
} from "../../../src/tokens/status-list-encoding.js";

function bitsOf(capacity: number, invalid: readonly number[]): Buffer {
  const bits = createStatusBits(capacity);
  for (const index of invalid) markInvalid(bits, index);
  return bits;
}

/** Appendix C.1: eleven of 2^20 tokens. */
const LONG_INVALID = [
  0, 1993, 25460, 159495, 495669, 554353, 645645, 723232, 854545, 934534, 1000345,
];
const LONG_LST =
  "eNrt3AENwCAMAEGogklACtKQPg9LugC9k_ACvreiogEAAKkeCQAAAAAAAAAAAAAAAAAAAIBylgQAAAAAAAAAAAAAAAAAAA" +
  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAXG9IAAAAAAAAAPwsJAAAAAAAAAAAAAAAvhsSAAAAAAAAAAAA7KpLAAAAAAAA" +
  "AAAAAAAAAAAAAJsLCQAAAAAAAAAAADjelAAAAAAAAAAAKjDMAQAAAACAZC8L2AEb";

describe("the encoding of a status list (draft-ietf-oauth-status-list-21 §4)", () => {
  it("counts bits from the least significant of each byte (§4.1)", () => {
    expect(bitsOf(16, [0, 3, 4, 5, 7, 8, 9, 13, 15]).toString("hex")).to.equal("b9a3");
  });

  it("encodes the example of §4.2", async () => {
    const encoded = await encodeStatusBits(Buffer.from("b9a3", "hex"));
    expect(encoded).to.deep.equal({ bits: 1, lst: "eNrbuRgAAhcBXQ" });
  });

  it("holds the bits of the test vector of appendix C.1", async () => {
    const { lst } = await encodeStatusBits(bitsOf(2 ** 20, LONG_INVALID));
    const inflate = (text: string) => inflateSync(Buffer.from(text, "base64url"));
    // Compressors may differ; what they hold may not.
    expect(inflate(lst).equals(inflate(LONG_LST))).to.equal(true);
    expect(lst.length).to.be.at.most(LONG_LST.length);
  });

  it("is all VALID, in whole bytes, until something is marked (§7.1, §13.3, §13.4)", () => {
    expect(createStatusBits(2 ** 17)).to.have.length(16_384);
    expect(createStatusBits(9)).to.have.length(2);
    expect(createStatusBits(64).every((byte) => byte === 0)).to.equal(true);
  });

  it("has no index beyond its end", () => {
    expect(() => markInvalid(createStatusBits(16), 16)).to.throw(RangeError);
    expect(() => markInvalid(createStatusBits(16), -1)).to.throw(RangeError);
  });
});
