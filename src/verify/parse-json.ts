/**
 * A JSON object in which no member is named twice, at any depth (RFC 7519 §4: of two claims with one
 * name, two parsers may believe different ones).
 *
 * @returns undefined when it is anything else.
 */
export function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = parse(text);
  if (!isJsonObject(value)) return undefined;
  // What comes back as it was has lost nothing; most issuers write it so, and it is quick.
  const isUnambiguous = JSON.stringify(value) === text || !hasDuplicateMembers(text);
  return isUnambiguous ? value : undefined;
}

export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever is wrong with it: it is no JSON.
    return undefined;
  }
}

/** Strings, and what opens, closes and separates: all that decides where a name stands. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** `text` is known to be JSON. */
function hasDuplicateMembers(text: string): boolean {
  /** Names so far of each object that is open; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let lastString = "";
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token !== ":") lastString = token;
    else if (!addName(open.at(-1), lastString)) return true;
  }
  return false;
}

/** @returns false when it was there before, however it was escaped. */
function addName(names: Set<string> | undefined, written: string): boolean {
  const name: unknown = JSON.parse(written);
  if (names === undefined || typeof name !== "string") return true;
  if (names.has(name)) return false;
  names.add(name);
  return true;
}
