import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { TokenSigner } from "./bad-tokens.js";
import { findFreePorts } from "./free-port.js";

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface TestIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** Requests so far, as `GET /path`. */
  readonly requests: string[];
  /** What it publishes; change it as you like. */
  keys: object[];
  /** Its metadata, changeable too. */
  metadata: Record<string, unknown>;
  /** `Cache-Control` of the JWKS. */
  cacheControl: string | undefined;
  /** Answers 500 to everything. */
  failing: boolean;
  /** Answers under other paths. */
  readonly answers: Map<string, Answer>;
  /** A new key that is published at once. */
  addKey(kid: string): TokenSigner;
  close(): Promise<void>;
}

const AUDIENCE = "https://api.example.com/orders";

/** An issuer of which every answer can be changed, over HTTP as the verifier sees any other. */
export async function startTestIssuer(path = ""): Promise<TestIssuer> {
  const [port] = await findFreePorts(1);
  const issuer = `http://127.0.0.1:${port}${path}`;
  const state: TestIssuer = {
    issuer,
    audience: AUDIENCE,
    requests: [],
    keys: [],
    metadata: {
      issuer,
      jwks_uri: `${issuer}/jwks`,
      introspection_endpoint: `${issuer}/introspect`,
    },
    cacheControl: undefined,
    failing: false,
    answers: new Map(),
    addKey: (kid) => {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      state.keys.push(publicJwk(publicKey, kid));
      return {
        privateKey,
        kid,
        get claims() {
          return goodClaims(issuer);
        },
      };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((request, response) => {
    state.requests.push(`${request.method} ${request.url}`);
    const answer = state.answers.get(request.url ?? "");
    if (state.failing) response.writeHead(500).end();
    else if (answer !== undefined) answer(request, response);
    else answerAsIssuer(state, { path, url: request.url ?? "", response });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return state;
}

function answerAsIssuer(
  state: TestIssuer,
  { path, url, response }: { path: string; url: string; response: ServerResponse },
): void {
  if (url === `/.well-known/oauth-authorization-server${path}`) {
    response.end(JSON.stringify(state.metadata));
  } else if (url === `${path}/jwks`) {
    if (state.cacheControl !== undefined) response.setHeader("Cache-Control", state.cacheControl);
    response.end(JSON.stringify({ keys: state.keys }));
  } else {
    response.writeHead(404).end();
  }
}

function publicJwk(publicKey: KeyObject, kid: string) {
  return { ...publicKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" };
}

function goodClaims(issuer: string): Record<string, unknown> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  return {
    iss: issuer,
    aud: AUDIENCE,
    sub: "account-1",
    client_id: "client-1",
    iat: nowSeconds,
    exp: nowSeconds + 600,
    scope: "orders:read profile",
  };
}
