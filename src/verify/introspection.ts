import { createHash, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { createBoundedCache } from "./bounded-cache.js";
import type { BoundedFetch } from "./bounded-fetch.js";
import type { VerifierClock } from "./clock.js";
import { parseJsonObject } from "./parse-json.js";
import type {
  ClientKey,
  EndpointMeans,
  Introspect,
  IntrospectionOptions,
} from "./revocation-options.js";

type Answer = Readonly<Record<string, unknown>>;

export interface IntrospectionDeps {
  readonly issuer: string;
  readonly options: IntrospectionOptions;
  /** From the metadata of the issuer, when the options do not say. */
  readonly discoverEndpoint: () => Promise<string>;
  readonly fetch: BoundedFetch;
  readonly clock: VerifierClock;
}

const MAX_ENTRIES = 10_000;

/**
 * Asks about each token once for all who ask at the same time, and again when the answer has become
 * too old. Answers are kept by the hash of the whole token, so that another spelling of it is another
 * question.
 */
export function createIntrospection(deps: IntrospectionDeps): Introspect {
  const { options, clock } = deps;
  const ask = "introspect" in options ? options.introspect : createAsk({ ...deps, means: options });
  const kept = createBoundedCache<{ readonly answer: Answer; readonly untilMs: number }>(
    options.maxEntries ?? MAX_ENTRIES,
  );
  const pending = new Map<string, Promise<Answer>>();

  async function askAndKeep(id: string, token: string): Promise<Answer> {
    const askedAtMs = clock.nowMs();
    const answer = await ask(token);
    const { exp } = answer;
    const endMs = typeof exp === "number" ? exp * 1000 : Number.POSITIVE_INFINITY;
    const untilMs = Math.min(askedAtMs + options.cacheSeconds * 1000, endMs);
    if (untilMs > clock.nowMs()) kept.set(id, { answer, untilMs });
    return answer;
  }

  return async (token) => {
    const id = createHash("sha256").update(token).digest("base64url");
    const known = kept.get(id);
    if (known !== undefined && clock.nowMs() < known.untilMs) return known.answer;
    kept.delete(id);
    const asked = pending.get(id);
    if (asked !== undefined) return asked;
    const asking = askAndKeep(id, token).finally(() => pending.delete(id));
    pending.set(id, asking);
    return asking;
  };
}

/** RFC 7662 §2.1. */
function createAsk(deps: IntrospectionDeps & { readonly means: EndpointMeans }): Introspect {
  const { means, fetch, discoverEndpoint } = deps;
  return async (token) => {
    const endpoint = means.endpoint ?? (await discoverEndpoint());
    const { headers, fields } = await authenticate(deps);
    const { body } = await fetch(endpoint, {
      method: "POST",
      headers: { ...headers, Accept: "application/json" },
      body: new URLSearchParams({ token, token_type_hint: "access_token", ...fields }),
    });
    const answer = parseJsonObject(body);
    if (typeof answer?.["active"] !== "boolean") throw new Error(`${endpoint} did not answer`);
    return answer;
  };
}

interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
}

async function authenticate({
  means,
  issuer,
  clock,
}: Pick<IntrospectionDeps, "issuer" | "clock"> & { means: EndpointMeans }): Promise<Credentials> {
  const { clientId } = means;
  if ("clientSecret" in means) {
    // RFC 6749 §2.3.1: both are form-encoded first.
    const [id, secret] = [clientId, means.clientSecret].map(encodeFormValue);
    const basic = Buffer.from(`${id}:${secret}`).toString("base64");
    return { headers: { Authorization: `Basic ${basic}` }, fields: {} };
  }
  const nowSeconds = Math.floor(clock.nowMs() / 1000);
  return {
    headers: {},
    fields: {
      client_id: clientId,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: await signAssertion(means.privateKey, { clientId, issuer, nowSeconds }),
    },
  };
}

/** 60 s: it is used at once. */
const ASSERTION_SECONDS = 60;

/** RFC 7523 §3, with the issuer as its audience. */
function signAssertion(
  { key, algorithm, kid }: ClientKey,
  { clientId, issuer, nowSeconds }: { clientId: string; issuer: string; nowSeconds: number },
): Promise<string> {
  return new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: algorithm, ...(kid === undefined ? {} : { kid }) })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(issuer)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + ASSERTION_SECONDS)
    .sign(key);
}

function encodeFormValue(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
