import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { openStatusList } from "../../../src/verify/status-list.js";

const MAX_BYTES = 2 * 1024 * 1024;

/** Appendix C of draft-ietf-oauth-status-list-21: of 2^20 tokens all but these are 0. */
const VECTORS: { bits: number; statuses: Record<number, number>; lst: string }[] = [
  {
    bits: 2,
    statuses: {
      0: 1,
      1993: 2,
      25460: 1,
      159495: 3,
      495669: 1,
      554353: 1,
      645645: 2,
      723232: 1,
      854545: 1,
      934534: 2,
      1000345: 3,
    },
    lst: `eNrt2zENACEQAEEuoaBABP5VIO01fCjIHTMStt9ovGVIAAAAAABAbiEBAAAAAAAAAAAAAAAAAAAA
      AAAAAAAAAAAAAAAAAAAAAEB5WwIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAID0ugQAAAAAAAAAAAAA
      AAAAQG12SgAAAAAAAAAAAAAAAAAAAAAAAAAAAOCSIQEAAAAAAAAAAAAAAAAAAAAAAAD8ExIAAAAA
      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwJEuAQAAAAAAAAAAAAAAAAAAAAAAAMB9SwIAAAAA
      AAAAAAAAAAAAAACoYUoAAAAAAAAAAAAAAEBqH81gAQw`,
  },
  {
    bits: 4,
    statuses: {
      0: 1,
      1993: 2,
      35460: 3,
      459495: 4,
      595669: 5,
      754353: 6,
      845645: 7,
      923232: 8,
      924445: 9,
      934534: 10,
      1004534: 11,
      1000345: 12,
      1030203: 13,
      1030204: 14,
      1030205: 15,
    },
    lst: `eNrt0EENgDAQADAIHwImkIIEJEwCUpCEBBQRHOy35Li1EjoOQGabAgAAAAAAAAAAAAAAAAAAACC1
      SQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABADrsCAAAAAAAAAAAAAAAAAAAAAAAA
      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADoxaEAAAAAAAAA
      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      AAAAAAAAAAAAAAAAAIIoCgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      AACArpwKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAGhqVkAzlwIAAAAAiGVR
      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABx3AoAgLpVAQAAAAAAAAAAAAAAwM89rwMA
      AAAAAAAAAAjsA9xMBMA`,
  },
];

describe("a status list (draft-ietf-oauth-status-list-21)", () => {
  for (const { bits, statuses, lst } of VECTORS) {
    it(`reads the test vector of ${bits} bits (appendix C)`, async () => {
      const list = await openStatusList({ bits, lst: lst.replaceAll(/\s/g, "") }, MAX_BYTES);
      const found: Record<number, number> = {};
      for (let index = 0; index < 2 ** 20; index++) {
        const status = list.statusAt(index);
        if (status !== 0) found[index] = status ?? -1;
      }
      assert.deepEqual(found, statuses);
      assert.equal(list.statusAt(2 ** 20), undefined);
    });
  }

  it("reads the examples of §4.2", async () => {
    const one = await openStatusList({ bits: 1, lst: "eNrbuRgAAhcBXQ" }, MAX_BYTES);
    const ones = Array.from({ length: 17 }, (_, index) => one.statusAt(index));
    assert.deepEqual(ones, [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1, undefined]);
    const two = await openStatusList({ bits: 2, lst: "eNo76fITAAPfAgc" }, MAX_BYTES);
    const twos = Array.from({ length: 12 }, (_, index) => two.statusAt(index));
    assert.deepEqual(twos, [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]);
  });

  it("reads statuses of a whole byte", async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => 255 - index);
    const lst = deflateSync(bytes).toString("base64url");
    const list = await openStatusList({ bits: 8, lst }, MAX_BYTES);
    for (let index = 0; index < 256; index++) assert.equal(list.statusAt(index), 255 - index);
  });

  it("is not unpacked beyond a bound (zip bomb)", async () => {
    const bomb = deflateSync(Buffer.alloc(50 * 1024 * 1024)).toString("base64url");
    assert.ok(bomb.length < 100_000);
    await assert.rejects(openStatusList({ bits: 1, lst: bomb }, MAX_BYTES), {
      code: "ERR_BUFFER_TOO_LARGE",
    });
  });

  for (const list of [
    { bits: 3, lst: "eNrbuRgAAhcBXQ" },
    { bits: 16, lst: "eNrbuRgAAhcBXQ" },
    { bits: "1", lst: "eNrbuRgAAhcBXQ" },
    { bits: 1 },
    { bits: 1, lst: "" },
    { bits: 1, lst: "bm8gemxpYg" },
    { bits: 1, lst: "eNrbuRgAAhcBX" },
  ]) {
    it(`is refused when it is ${JSON.stringify(list)}`, async () => {
      await assert.rejects(openStatusList(list, MAX_BYTES));
    });
  }
});
