import { z } from "zod";
import type { TrustedProxies } from "./config.js";
import { findHostViolation, findRangeViolation } from "./find-address-violation.js";

/** @returns what the value must be or do, to follow "must"; undefined when it is good. */
type FindViolation = (value: string) => string | undefined;

/** More proxies than this in a row are a mistake, and each believed hop is one that could lie. */
const MAX_PROXY_HOPS = 10;

export function textThat(findViolation: FindViolation) {
  return z.string().superRefine((value, context) => {
    const violation = findViolation(value);
    if (violation !== undefined) context.addIssue({ code: "custom", message: `must ${violation}` });
  });
}

/** Digits only, so that "1.5", "1e3", "0x10" and "-1" are refused and not rounded. */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,12}$/, error)
    .transform(Number)
    .pipe(z.number().min(min, error).max(max, error));
}

export function oneOf<const Choices extends readonly string[]>(choices: Choices) {
  return z.enum(choices, { error: `must be one of ${choices.join(", ")}` });
}

export const yesOrNo = z.stringbool({
  truthy: ["true", "1", "yes"],
  falsy: ["false", "0", "no"],
  error: "must be true or false (also 1, 0, yes, no)",
});

function listThat(findViolation: FindViolation) {
  return textThat((text) => {
    const items = splitList(text);
    if (items.length === 0) return "list at least one value, separated by commas";
    return items.map(findViolation).find((violation) => violation !== undefined);
  }).transform((text) => [...new Set(splitList(text))]);
}

export const hostList = listThat(findHostViolation).transform((hosts) =>
  hosts.map((host) => host.toLowerCase()),
);

/** RFC 9110 §5.1, as Node spells them. Those that mean something else could be set by anybody. */
export const headerName = textThat((text) => {
  if (!/^[A-Za-z][A-Za-z0-9-]{1,99}$/.test(text)) return "be a header name";
  return /^(?:authorization|cookie|host|dpop|content-.*|x-forwarded-.*)$/i.test(text)
    ? "be a header that has no other meaning"
    : undefined;
}).transform((text) => text.toLowerCase());

/** RFC 8414 §2: no query or fragment. Compared as a string by every client, so only one spelling. */
export const issuerUrl = textThat((text) => {
  const url = URL.parse(text);
  if (url === null || !["https:", "http:"].includes(url.protocol)) {
    return "be an absolute https or http URL";
  }
  if (url.username !== "" || url.password !== "") return "not contain a user name or password";
  if (/[?#]/.test(text)) return "not have a query or fragment";
  const canonical = url.origin + url.pathname.replace(/\/+$/, "");
  return text === canonical ? undefined : `be written as ${canonical}`;
});

export const databaseUrl = textThat((text) => {
  if (/^sqlite:.+/.test(text)) return undefined;
  if (!/^postgres(ql)?:\/\/.+/.test(text)) {
    return "start with sqlite: and a path, postgres:// or postgresql://";
  }
  // The driver accepts an empty host (a socket, named in the query), which is no standard URL.
  return URL.canParse(text.replace("@/", "@localhost/"))
    ? undefined
    : "be a URL; encode special characters of the password, such as %40 for @";
});

export const redisUrl = textThat((text) => {
  if (!/^rediss?(-sentinel|-cluster)?:\/\/[^\s]+$/.test(text)) {
    return "start with redis://, redis-sentinel:// or redis-cluster:// (rediss… with TLS) and name a host";
  }
  return /^rediss?-sentinel:/.test(text) && !/^[a-z-]+:\/\/[^/]+\/[^/]+/.test(text)
    ? "name the master behind the sentinels, as in redis-sentinel://host:26379/master-name"
    : undefined;
});

/** Braces would be a hash tag of a Cluster, and a colon ends the prefix. */
export const redisKeyPrefix = textThat((text) =>
  /^[A-Za-z0-9._-]{1,64}$/.test(text)
    ? undefined
    : "be 1 to 64 letters, digits, dots, hyphens and underscores",
);

/** Why these are refused, in words that an operator can act on. */
const REFUSED_ALGORITHMS: Readonly<Record<string, string>> = {
  HS256:
    "not be HS256: every API would need the signing secret to verify tokens, and could then mint them",
  NONE: "not be none: access tokens would be unsigned, and anyone could write one",
};

const algorithms = ["ES256", "RS256", "PS256", "EdDSA"] as const;

export const signingAlgorithm = textThat((text) => REFUSED_ALGORITHMS[text.toUpperCase()]).pipe(
  oneOf(algorithms),
);

export const secretKey = textThat((text) =>
  Array.from(text).length < 32 ? "have at least 32 characters" : undefined,
);

const RESPONSE_TYPES = ["code", "id_token", "code id_token", "none"] as const;

export const responseTypes = listThat((type) =>
  RESPONSE_TYPES.some((known) => known === type)
    ? undefined
    : `list only ${RESPONSE_TYPES.join(", ")}, separated by commas`,
).transform((types) => RESPONSE_TYPES.filter((known) => types.includes(known)));

const OFF = ["false", "no", "0"];
const ONE_HOP = ["true", "yes", "1"];

export const trustedProxies = textThat((text) => {
  if ([...OFF, ...ONE_HOP].includes(text.toLowerCase())) return undefined;
  if (Number.isFinite(Number(text))) {
    const isHops = /^\d{1,3}$/.test(text) && Number(text) <= MAX_PROXY_HOPS;
    return isHops ? undefined : `be a whole number of hops from 0 to ${MAX_PROXY_HOPS}`;
  }
  const items = splitList(text);
  if (items.length === 0) return "list at least one address";
  return items.map(findRangeViolation).find((violation) => violation !== undefined);
}).transform((text): TrustedProxies => {
  const word = text.toLowerCase();
  if (OFF.includes(word)) return { hops: 0, addresses: [] };
  if (ONE_HOP.includes(word)) return { hops: 1, addresses: "any" };
  if (/^\d+$/.test(text)) {
    const hops = Number(text);
    return { hops, addresses: hops === 0 ? [] : "any" };
  }
  // One hop only: behind the proxy with a listed address, everything further left could be forged.
  return { hops: 1, addresses: splitList(text) };
});

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
