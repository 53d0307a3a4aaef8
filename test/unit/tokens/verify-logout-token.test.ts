import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { expect } from "chai";
import { base64url, SignJWT } from "jose";
import { parseKeySet } from "../../../src/tokens/verify-id-token.js";
import { verifyLogoutToken } from "../../../src/tokens/verify-logout-token.js";

const ISSUER = "https://upstream.example";
const CLIENT = "latchkey";
const NOW = 1_800_000_000;
const EVENT = "http://schemas.openid.net/event/backchannel-logout";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const keys = parseKeySet({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1" }] });

const GOOD = {
  iss: ISSUER,
  aud: CLIENT,
  iat: NOW,
  exp: NOW + 120,
  jti: "one",
  sub: "grace",
  sid: "session-1",
  events: { [EVENT]: {} },
};

interface Changes {
  readonly claims?: Record<string, unknown>;
  readonly header?: { typ?: string; kid?: string; alg?: string };
  readonly key?: KeyObject;
}

function sign({ claims = {}, header = {}, key = privateKey }: Changes = {}): Promise<string> {
  return new SignJWT({ ...GOOD, ...claims })
    .setProtectedHeader({ alg: "ES256", kid: "1", typ: "logout+jwt", ...header })
    .sign(key);
}

function unsigned(alg: string, secret?: string): string {
  const parts = [{ alg, typ: "logout+jwt" }, GOOD].map((part) =>
    base64url.encode(JSON.stringify(part)),
  );
  const input = parts.join(".");
  const signature =
    secret === undefined ? "" : createHmac("sha256", secret).update(input).digest("base64url");
  return `${input}.${signature}`;
}

async function verify(token: string, nowSeconds = NOW) {
  if (keys === undefined) throw new Error("no keys");
  return verifyLogoutToken(token, { issuer: ISSUER, clientId: CLIENT, keys, nowSeconds });
}

describe("verifyLogoutToken (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6)", () => {
  it("gives whom it means, and until when it could come again", async () => {
    const verdict = await verify(await sign());
    expect(verdict).to.deep.include({ verified: true });
    expect(verdict.verified && verdict.token).to.deep.equal({
      subject: "grace",
      sid: "session-1",
      jti: "one",
      usableUntilSeconds: NOW + 660,
    });
  });

  it("takes one with sub alone, and one with sid alone", async () => {
    for (const claims of [{ sub: undefined }, { sid: undefined }]) {
      expect(await verify(await sign({ claims }))).to.include({ verified: true });
    }
  });

  it("takes those of providers that neither type them nor let them expire (§2.4: recommended)", async () => {
    for (const typ of [undefined, "JWT", "application/logout+jwt"]) {
      const header = typ === undefined ? {} : { typ };
      const token = await sign({ claims: { exp: undefined }, header });
      expect(await verify(token), String(typ)).to.include({ verified: true });
    }
  });

  const REFUSED: Record<string, Changes> = {
    "of another issuer": { claims: { iss: "https://other.example" } },
    "for another client": { claims: { aud: "somebody else" } },
    "without an audience": { claims: { aud: undefined } },
    "that expired": { claims: { exp: NOW - 61 } },
    "that is old": { claims: { iat: NOW - 661, exp: NOW + 60 } },
    "without iat": { claims: { iat: undefined } },
    "of the future": { claims: { iat: NOW + 61 } },
    "without jti": { claims: { jti: undefined } },
    "with an empty jti": { claims: { jti: "" } },
    "with a jti that is a number": { claims: { jti: 7 } },
    "with neither sub nor sid": { claims: { sub: undefined, sid: undefined } },
    "with a sid that is a list": { claims: { sid: ["session-1"] } },
    "with a sub of 10000 characters": { claims: { sub: "x".repeat(10_000) } },
    "with a nonce": { claims: { nonce: "n" } },
    "without events": { claims: { events: undefined } },
    "of another event": { claims: { events: { "https://example.com/event": {} } } },
    "whose event is no object": { claims: { events: { [EVENT]: true } } },
    "whose events are a list": { claims: { events: [EVENT] } },
    "typed as an access token": { header: { typ: "at+jwt" } },
    "typed as a DPoP proof": { header: { typ: "dpop+jwt" } },
    "of a key that is not published": { header: { kid: "2" } },
    "signed by somebody else": {
      key: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
    },
  };
  for (const [title, changes] of Object.entries(REFUSED)) {
    it(`refuses one ${title}`, async () => {
      expect(await verify(await sign(changes))).to.include({ verified: false });
    });
  }

  it("refuses alg none and shared secrets, the public key as one too (RFC 8725 §2.1, §3.1)", async () => {
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    for (const token of [unsigned("none"), unsigned("HS256", pem), unsigned("HS256", CLIENT)]) {
      expect(await verify(token)).to.include({ verified: false, isKeyUnknown: false });
    }
  });

  it("refuses what is no JWT", async () => {
    for (const token of ["", "x", "a.b.c", `${await sign()}x`, "e30.e30."]) {
      expect(await verify(token), token).to.include({ verified: false });
    }
  });

  it("says when newer keys may help", async () => {
    const foreign = await verify(await sign({ header: { kid: "2" } }));
    const nonce = await verify(await sign({ claims: { nonce: "n" } }));
    expect(foreign).to.include({ isKeyUnknown: true });
    expect(nonce).to.include({ isKeyUnknown: false });
  });
});
