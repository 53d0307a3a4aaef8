import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { generateDpopKey, signDpopProof } from "./dpop-proof.js";
import { oauthErrorOf, rawRequest, type RawAnswer } from "./raw-request.js";
import { connect } from "./relying-party-libraries.js";
import { signInWith } from "./sign-in-with.js";
import { createMachineClient, createTestClient } from "./test-client.js";
import { createTestKey } from "./test-key.js";
import type { TestServer } from "./test-server.js";
import { postForm } from "./token-endpoint.js";

/** How many answers were which: by `status error`, or `200`. */
export type AnswerCounts = Readonly<Record<string, number>>;

/** One client assertion, used `parallel` times at once (RFC 7523 §3). */
export async function raceClientAssertion(
  server: TestServer,
  parallel: number,
): Promise<AnswerCounts> {
  const key = await createTestKey();
  const { clientId } = await createMachineClient(server, {
    token_endpoint_auth_method: "private_key_jwt",
    jwks: key.jwks,
  });
  const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: server.issuer })
    .setProtectedHeader({ alg: "ES256", kid: key.kid })
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime("1 minute")
    .sign(key.key);
  return race(parallel, () =>
    postForm(`${server.issuer}/token`, {
      grant_type: "client_credentials",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
    }),
  );
}

/** One DPoP proof, used `parallel` times at once (RFC 9449 §11.1). */
export async function raceDpopProof(server: TestServer, parallel: number): Promise<AnswerCounts> {
  const client = await createMachineClient(server);
  const url = `${server.issuer}/token`;
  const proof = await signDpopProof(await generateDpopKey(), { method: "POST", url });
  return race(parallel, () =>
    postForm(url, { grant_type: "client_credentials" }, { client, headers: { DPoP: proof } }),
  );
}

/** One pushed request, used `parallel` times at once by the person who is signed in (RFC 9126 §4). */
export async function racePushedRequest(
  server: TestServer,
  parallel: number,
): Promise<AnswerCounts> {
  const rp = await connect(server, await createTestClient(server));
  const { agent } = await signInWith(server, rp);
  const cookie = agent.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const { url } = await rp.begin({}, { pushed: true });
  const answers = await atOnce(parallel, () => rawRequest(url, { headers: { Cookie: cookie } }));
  return countEach(
    answers.map(({ status, headers }) => {
      const { searchParams } = new URL(String(headers["location"]));
      return `${status} ${searchParams.get("error") ?? "code"}`;
    }),
  );
}

function countEach(results: readonly string[]): AnswerCounts {
  const counts: Record<string, number> = {};
  for (const result of results) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}

async function race(parallel: number, attempt: () => Promise<RawAnswer>): Promise<AnswerCounts> {
  const answers = await atOnce(parallel, attempt);
  return countEach(
    answers.map((answer) =>
      answer.status === 200 ? "200" : `${answer.status} ${oauthErrorOf(answer)}`,
    ),
  );
}

const atOnce = (count: number, attempt: () => Promise<RawAnswer>) =>
  Promise.all(Array.from({ length: count }, attempt));
