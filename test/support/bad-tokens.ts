/** Access tokens that nobody may accept, made out of one that everybody would. */
import {
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";

export interface TokenSigner {
  /** The issuer's ES256 key. */
  readonly privateKey: KeyObject;
  readonly kid: string;
  /** Claims of a token that is good now, with `scope`. */
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface BadToken {
  /** As in "refuses a token that …". */
  readonly name: string;
  readonly token: string;
  /** What our verifier says is wrong. */
  readonly problem: string;
}

type Json = Readonly<Record<string, unknown>>;

const encode = (text: string | Buffer) => Buffer.from(text).toString("base64url");

/** Signs texts as they are, JSON or not. */
function signTexts(header: string, payload: string, privateKey: KeyObject): string {
  const input = `${encode(header)}.${encode(payload)}`;
  const signature = sign("sha256", Buffer.from(input), {
    key: privateKey,
    dsaEncoding: "ieee-p1363",
  });
  return `${input}.${encode(signature)}`;
}

/** A token of the issuer with other header parameters or claims; those that are undefined are left out. */
export function signToken(
  { privateKey, kid, claims }: TokenSigner,
  changes: { readonly header?: Json; readonly claims?: Json } = {},
): string {
  const header = { alg: "ES256", typ: "at+jwt", kid, ...changes.header };
  return signTexts(
    JSON.stringify(header),
    JSON.stringify({ ...claims, jti: randomUUID(), ...changes.claims }),
    privateKey,
  );
}

/** The other signature that fits: (r, n - s) instead of (r, s), which anybody can compute. */
export function malleate(token: string): string {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const bytes = Buffer.from(signature, "base64url");
  const s = BigInt(`0x${bytes.subarray(32).toString("hex")}`);
  const other = (P256_ORDER - s).toString(16).padStart(64, "0");
  const reencoded = Buffer.concat([bytes.subarray(0, 32), Buffer.from(other, "hex")]);
  return [header, payload, encode(reencoded)].join(".");
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export function makeBadTokens(signer: TokenSigner): BadToken[] {
  const good = signToken(signer);
  const [header = "", payload = "", signature = ""] = good.split(".");
  const nowSeconds = Math.floor(Date.now() / 1000);
  const withHeader = (changes: Json) => signToken(signer, { header: changes });
  const withClaims = (changes: Json) => signToken(signer, { claims: changes });
  const unsigned = (alg: string) => `${encode(JSON.stringify({ alg, typ: "at+jwt" }))}.${payload}.`;
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const publicJwk = createPublicKey(signer.privateKey).export({ format: "jwk" });

  return [
    bad("has no signature and says so (alg none)", unsigned("none"), "malformed"),
    bad("spells none in another way", unsigned("nOnE"), "malformed"),
    bad("says alg none and has a signature", withHeader({ alg: "none" }), "algorithm"),
    ...hmacTokens(signer, payload),
    bad("says another algorithm of the same key", withHeader({ alg: "ES384" }), "algorithm"),
    bad("names an algorithm that is no text", withHeader({ alg: ["ES256"] }), "algorithm"),
    bad(
      "is signed by somebody else in the name of the key",
      signToken({ ...signer, privateKey: stranger }),
      "signature",
    ),
    bad(
      "brings its own key (jwk)",
      signToken({ ...signer, privateKey: stranger }, { header: { jwk: publicOf(stranger) } }),
      "header",
    ),
    bad(
      "brings the address of its key (jku)",
      withHeader({ jku: "https://attacker.example/jwks" }),
      "header",
    ),
    bad(
      "brings the address of its certificate (x5u)",
      withHeader({ x5u: "https://attacker.example/x5u" }),
      "header",
    ),
    bad("demands an extension (crit)", withHeader({ crit: ["exp"], exp: 1 }), "header"),
    bad(
      "has a payload that is not encoded (b64)",
      withHeader({ b64: false, crit: ["b64"] }),
      "header",
    ),
    bad("has no type", withHeader({ typ: undefined }), "type"),
    bad("is an ID token by its type", withHeader({ typ: "JWT" }), "type"),
    bad("is a logout token by its type", withHeader({ typ: "logout+jwt" }), "type"),
    bad("is a status list by its type", withHeader({ typ: "statuslist+jwt" }), "type"),
    bad("names a key that does not exist", withHeader({ kid: "unknown" }), "unknown_key"),
    bad("names a path as its key", withHeader({ kid: "../../../../dev/null" }), "unknown_key"),
    bad("names an injection as its key", withHeader({ kid: "' or '1'='1" }), "unknown_key"),
    bad(
      "names a member of every object as its key",
      withHeader({ kid: "__proto__" }),
      "unknown_key",
    ),
    bad("names a key that is no text", withHeader({ kid: { a: 1 } }), "header"),
    bad("names a key of 100,000 characters", withHeader({ kid: "k".repeat(100_000) }), "malformed"),
    bad("is of another issuer", withClaims({ iss: "https://attacker.example" }), "issuer"),
    bad(
      "is of an issuer that begins as ours",
      withClaims({ iss: `${String(signer.claims["iss"])}.attacker.example` }),
      "issuer",
    ),
    bad("has no issuer", withClaims({ iss: undefined }), "issuer"),
    bad(
      "is for another audience",
      withClaims({ aud: "https://api.example.com/other" }),
      "audience",
    ),
    bad(
      "is for an audience that begins as ours",
      withClaims({ aud: `${firstAudience(signer)}/more` }),
      "audience",
    ),
    bad("has no audience", withClaims({ aud: undefined }), "audience"),
    bad("has an audience that is no text", withClaims({ aud: [{}] }), "audience"),
    bad("has expired", withClaims({ iat: nowSeconds - 700, exp: nowSeconds - 100 }), "expired"),
    bad("never ends", withClaims({ exp: undefined }), "claims"),
    bad("ends at a time that is no number", withClaims({ exp: "9999999999" }), "claims"),
    bad("is not valid yet (nbf)", withClaims({ nbf: nowSeconds + 300 }), "not_yet_valid"),
    bad(
      "was issued in the future (iat)",
      withClaims({ iat: nowSeconds + 300, exp: nowSeconds + 900 }),
      "not_yet_valid",
    ),
    bad("does not say when it was issued", withClaims({ iat: undefined }), "claims"),
    bad("has no subject", withClaims({ sub: undefined }), "claims"),
    bad("has an empty subject", withClaims({ sub: "" }), "claims"),
    bad("has no client", withClaims({ client_id: undefined }), "claims"),
    bad("has no id", withClaims({ jti: undefined }), "claims"),
    bad("has a scope that is a list", withClaims({ scope: ["orders:read"] }), "claims"),
    bad("is bound to something unknown", withClaims({ cnf: { kid: "1" } }), "claims"),
    bad("is bound to nothing that it names", withClaims({ cnf: {} }), "claims"),
    bad("has lost its last character", good.slice(0, -1), "malformed"),
    bad("has lost its signature", `${header}.${payload}.`, "malformed"),
    bad("has lost half its payload", `${header}.${payload.slice(0, 40)}.${signature}`, "malformed"),
    bad("has lost its header", `.${payload}.${signature}`, "malformed"),
    bad("has four parts", `${good}.${signature}`, "malformed"),
    bad(
      "has another payload under the same signature",
      `${header}.${encode(JSON.stringify({ ...signer.claims, sub: "admin", jti: "1" }))}.${signature}`,
      "signature",
    ),
    bad("has the last bits of its signature changed", withOtherLastBits(good), "malformed"),
    bad("is padded", `${good}==`, "malformed"),
    bad("is in the other base64", toBase64(good), "malformed"),
    bad(
      "has a claim twice",
      duplicated(signer, { first: "attacker", inHeader: false }),
      "malformed",
    ),
    bad(
      "has a header parameter twice",
      duplicated(signer, { first: "unknown", inHeader: true }),
      "malformed",
    ),
    bad(
      "has a claim twice, once in escapes",
      duplicated(signer, { first: "attacker", inHeader: false, escaped: true }),
      "malformed",
    ),
    bad(
      "has a payload that is no JSON",
      signTexts(headerText(signer), "{", signer.privateKey),
      "malformed",
    ),
    bad(
      "has a payload that is a list",
      signTexts(headerText(signer), "[]", signer.privateKey),
      "malformed",
    ),
    bad(
      "has a payload that is null",
      signTexts(headerText(signer), "null", signer.privateKey),
      "malformed",
    ),
    bad("has a header that is no JSON", signTexts("x", "{}", signer.privateKey), "malformed"),
    bad("is encrypted (five parts)", `${good}.${payload}.${signature}`, "malformed"),
    bad("is a public key", publicJwk.x ?? "", "malformed"),
    bad(
      "is an empty signature in DER",
      `${header}.${payload}.${encode(Buffer.from("3006020100020100", "hex"))}`,
      "signature",
    ),
    bad(
      "has zeros as its signature (CVE-2022-21449)",
      `${header}.${payload}.${encode(Buffer.alloc(64))}`,
      "signature",
    ),
    bad("is nothing but dots", "..", "malformed"),
    bad("is 64 KB long", withClaims({ filler: "x".repeat(48 * 1024) }), "malformed"),
  ];
}

function bad(name: string, token: string, problem: string): BadToken {
  return { name, token, problem };
}

/** HMAC with everything that is public of the key, for verifiers that take the key for a secret. */
function hmacTokens({ privateKey, kid }: TokenSigner, payload: string): BadToken[] {
  const key = createPublicKey(privateKey);
  const secrets: [string, string | Buffer][] = [
    ["PEM", key.export({ type: "spki", format: "pem" })],
    ["DER", key.export({ type: "spki", format: "der" })],
    ["JWK", JSON.stringify(key.export({ format: "jwk" }))],
  ];
  return secrets.map(([format, secret]) => {
    const input = `${encode(JSON.stringify({ alg: "HS256", typ: "at+jwt", kid }))}.${payload}`;
    const signature = createHmac("sha256", secret).update(input).digest("base64url");
    return bad(
      `is signed by HS256 with the public key as ${format}`,
      `${input}.${signature}`,
      "algorithm",
    );
  });
}

/** 64 bytes leave four bits of the last character unused: sixteen spellings of one signature. */
function withOtherLastBits(token: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(token.at(-1) ?? "");
  return token.slice(0, -1) + (alphabet[last ^ 1] ?? "");
}

/** With `=` at the end it is certainly not base64url, whatever characters it has. */
function toBase64(token: string): string {
  const parts = token.split(".").map((part) => Buffer.from(part, "base64url").toString("base64"));
  return parts.join(".");
}

function duplicated(
  signer: TokenSigner,
  { first, inHeader, escaped = false }: { first: string; inHeader: boolean; escaped?: boolean },
): string {
  const payload = JSON.stringify({ ...signer.claims, jti: randomUUID() });
  const name = inHeader ? "kid" : escaped ? String.raw`\u0073ub` : "sub";
  const twice = (text: string) => text.replace("{", `{"${name}":${JSON.stringify(first)},`);
  const header = headerText(signer);
  return inHeader
    ? signTexts(twice(header), payload, signer.privateKey)
    : signTexts(header, twice(payload), signer.privateKey);
}

function headerText({ kid }: TokenSigner): string {
  return JSON.stringify({ alg: "ES256", typ: "at+jwt", kid });
}

function publicOf(key: KeyObject): JsonWebKey {
  return createPublicKey(key).export({ format: "jwk" });
}

function firstAudience({ claims }: TokenSigner): string {
  return String([claims["aud"]].flat()[0]);
}

/** Changed at random places, the same for one seed: what nobody thought of. */
export function mutate(token: string, seed: number): string {
  const random = createHash("sha256").update(String(seed)).digest();
  const at = random.readUInt32BE(0) % token.length;
  const inserted = String.fromCodePoint(random.readUInt16BE(4) % 0x0250);
  const kept = token.slice(at + (random.readUInt8(6) % 4));
  return token.slice(0, at) + (random.readUInt8(7) % 2 === 0 ? inserted : "") + kept;
}
