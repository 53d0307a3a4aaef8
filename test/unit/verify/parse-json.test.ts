import assert from "node:assert/strict";
import { parseJsonObject } from "../../../src/verify/parse-json.js";

describe("JSON whose members are named once (RFC 7519 §4)", () => {
  const GOOD: Record<string, unknown> = {
    "{}": {},
    '{"a":1,"b":[1,{"a":2}],"c":{"a":3}}': { a: 1, b: [1, { a: 2 }], c: { a: 3 } },
    ' { "a" : "x\\"y:,{}[]" ,\n "b" : [ "a" , "a" ] } ': { a: 'x"y:,{}[]', b: ["a", "a"] },
    '{"a":{"a":{"a":1}},"\\u0062":1}': { a: { a: { a: 1 } }, b: 1 },
    '{"a":[{"b":1},{"b":2}],"b":1e3}': { a: [{ b: 1 }, { b: 2 }], b: 1000 },
  };
  for (const [text, value] of Object.entries(GOOD)) {
    it(`takes ${text}`, () => assert.deepEqual(parseJsonObject(text), value));
  }

  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1, "b":2, "a":3}',
    '{"a":1,"\\u0061":1}',
    '{"x":{"a":1,"a":2}}',
    '{"x":[{"a":1,"a":2}]}',
    '{"__proto__":1,"__proto__":2}',
    '{"a":"b","c":"}","a":1}',
    "",
    "null",
    "[]",
    "1",
    '"a"',
    "{",
    '{"a":1}x',
    "{'a':1}",
  ]) {
    it(`refuses ${text}`, () => assert.equal(parseJsonObject(text), undefined));
  }
});
