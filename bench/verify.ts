/** What the verifier costs an API: µs for each token, warm, beside `jose` alone with the same keys. */
import { generateKeyPairSync, randomUUID, type KeyObject } from "node:crypto";
import { availableParallelism } from "node:os";
import { createLocalJWKSet, jwtVerify, SignJWT } from "jose";
import { createAccessTokenVerifier } from "../src/verify/index.js";

const ISSUER = "https://id.example.com";
const AUDIENCE = "https://api.example.com";
const ROUNDS = 7;
const CALLS = 3000;
/** More than are remembered, so that each is new when it comes round again. */
const MANY = 3000;

type Check = (token: string) => Promise<unknown>;

const pairs = {
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  EdDSA: generateKeyPairSync("ed25519"),
};

console.log(
  `${ROUNDS} rounds of ${CALLS} calls, one after another, on Node ${process.version} with ` +
    `${availableParallelism()} cores: median µs for each token`,
);
for (const [algorithm, { privateKey, publicKey }] of Object.entries(pairs)) {
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid: algorithm, alg: algorithm }];
  const tokens = await Promise.all(
    Array.from({ length: MANY }, () => signToken(privateKey, algorithm)),
  );
  const given = { issuer: ISSUER, audience: AUDIENCE, keys: () => keys };
  const forgetful = createAccessTokenVerifier({
    ...given,
    revocation: "none",
    maxRememberedTokens: 0,
  });
  const remembering = createAccessTokenVerifier({ ...given, revocation: "none" });
  const jwks = createLocalJWKSet({ keys: keys.map((key) => ({ ...key, kty: String(key.kty) })) });
  const jose: Check = (token) =>
    jwtVerify(token, jwks, {
      issuer: ISSUER,
      audience: AUDIENCE,
      typ: "at+jwt",
      algorithms: ["ES256", "RS256", "EdDSA"],
      requiredClaims: ["exp", "iat", "sub", "client_id", "jti"],
    });
  const results = await measure({
    "jose alone": { check: jose, tokens },
    "verifier, a token for the first time": { check: forgetful.verify, tokens },
    "verifier, a token that comes again": {
      check: remembering.verify,
      tokens: tokens.slice(0, 500),
    },
  });
  const base = results["jose alone"] ?? Number.NaN;
  for (const [name, micros] of Object.entries(results)) {
    console.log(
      `${algorithm}  ${name.padEnd(38)}${micros.toFixed(1).padStart(8)}  ${(micros / base).toFixed(2)} of jose`,
    );
  }
}

/** In turns, so that whatever the machine does meanwhile concerns all alike. */
async function measure(
  subjects: Record<string, { check: Check; tokens: readonly string[] }>,
): Promise<Record<string, number>> {
  const rounds: Record<string, number[]> = {};
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, { check, tokens }] of Object.entries(subjects)) {
      const begin = performance.now();
      for (let call = 0; call < CALLS; call++) await check(tokens[call % tokens.length] ?? "");
      const micros = ((performance.now() - begin) * 1000) / CALLS;
      // The first round warms up.
      if (round >= 0) (rounds[name] ??= []).push(micros);
    }
  }
  return Object.fromEntries(
    Object.entries(rounds).map(([name, all]) => [
      name,
      all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN,
    ]),
  );
}

function signToken(privateKey: KeyObject, algorithm: string): Promise<string> {
  return new SignJWT({
    client_id: "client-1",
    jti: randomUUID(),
    scope: "orders:read orders:write",
  })
    .setProtectedHeader({ alg: algorithm, typ: "at+jwt", kid: algorithm })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject("account-1")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(privateKey);
}
