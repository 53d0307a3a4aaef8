import { describeInstant } from "./describe-time.js";
import type { ShownToken, TokenVerdict } from "./playground-session.js";

export interface ClaimRow {
  readonly name: string;
  /** As JSON spells it, a string without its quotes. */
  readonly value: string;
  /** "" where the name says enough. */
  readonly meaning: string;
}

export interface DescribedToken {
  readonly name: string;
  readonly value: string;
  readonly badge: { readonly tone: "success" | "neutral" | "danger"; readonly text: string };
  readonly explanation: string;
  /** Both empty when the token is not a JWT. */
  readonly header: readonly ClaimRow[];
  readonly payload: readonly ClaimRow[];
}

const MEANINGS: Readonly<Record<string, string>> = {
  alg: "Signature algorithm",
  typ: "Kind of token",
  kid: "Which key of the server signed it",
  iss: "Who issued it",
  sub: "Whom it is about",
  aud: "Whom it is meant for",
  azp: "Which client it was issued to",
  jti: "Its own identifier",
  nonce: "Ties it to the authorization request",
  acr: "How strongly the person was authenticated",
  amr: "By what means the person was authenticated",
  sid: "The session at the server",
  at_hash: "Ties it to the access token",
  scope: "What it allows",
  client_id: "Which client it was issued to",
};

const TIMES: Readonly<Record<string, string>> = {
  exp: "Expires",
  iat: "Issued",
  nbf: "Valid from",
  auth_time: "Signed in",
  updated_at: "Changed",
};

const BADGES: Record<TokenVerdict["kind"], DescribedToken["badge"]> = {
  verified: { tone: "success", text: "Verified" },
  "not a JWT": { tone: "neutral", text: "Not a JWT" },
  "not verified": { tone: "danger", text: "Not verified" },
};

export function describeToken(
  { name, value, verdict }: ShownToken,
  nowSeconds: number,
): DescribedToken {
  const [header, payload] = verdict.kind === "not a JWT" ? [] : value.split(".");
  return {
    name,
    value,
    badge: BADGES[verdict.kind],
    explanation: explain(name, verdict),
    header: describeClaims(decodePart(header), nowSeconds),
    payload: describeClaims(decodePart(payload), nowSeconds),
  };
}

function describeClaims(claims: Readonly<Record<string, unknown>>, nowSeconds: number): ClaimRow[] {
  return Object.entries(claims).map(([name, value]) => ({
    name,
    value: typeof value === "string" ? value : JSON.stringify(value),
    meaning: describeMeaning(name, value, nowSeconds),
  }));
}

function describeMeaning(name: string, value: unknown, nowSeconds: number): string {
  const time = Object.hasOwn(TIMES, name) ? TIMES[name] : undefined;
  if (time !== undefined && typeof value === "number") {
    return `${time} ${describeInstant(value, nowSeconds)}`;
  }
  return (Object.hasOwn(MEANINGS, name) ? MEANINGS[name] : undefined) ?? "";
}

function explain(name: string, verdict: TokenVerdict): string {
  if (verdict.kind === "not verified") return verdict.problem;
  if (verdict.kind === "verified")
    return "The signature, the issuer, the audience and the expiry were checked.";
  return name === "Refresh token"
    ? "Only the server can read it. The playground sends it back to get new tokens."
    : "Only the server can read it. Introspection tells what it stands for.";
}

/** Empty when the part is not a JSON object in base64url. */
function decodePart(part: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? "", "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
