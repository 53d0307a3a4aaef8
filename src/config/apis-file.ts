import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import type { ApiDeclarations } from "../clients/declared-apis.js";
import { completeResourceServer } from "../clients/complete-resource-server.js";
import { findApiProblems } from "../clients/find-api-problems.js";
import { normalizeResourceIdentifier } from "../clients/resource-identifier.js";
import type { NewResourceServer, ResourceServer } from "../clients/resource-server-store.js";
import type { SettingProblem } from "./configuration-error.js";
import { findIntendedName } from "./find-intended-name.js";

export interface ApisFileReading {
  readonly declarations?: ApiDeclarations;
  readonly problems: readonly SettingProblem[];
}

const text = z.string({ error: "must be text" });
const yesOrNo = z.boolean({ error: "must be true or false" });

const apiSchema = z.strictObject({
  identifier: text,
  name: text.optional(),
  scopes: z.record(z.string(), text, { error: "must give words for each scope" }).optional(),
  access_token_format: z.enum(["jwt", "opaque"], { error: "must be jwt or opaque" }).optional(),
  access_token_algorithm: z
    .enum(["ES256", "RS256"], { error: "must be ES256 or RS256" })
    .optional(),
  access_token_seconds: z.number({ error: "must be a number" }).optional(),
  default: yesOrNo.optional(),
  open: yesOrNo.optional(),
  clients: z
    .record(
      z.string(),
      z.union([z.literal("all"), z.array(z.string())], {
        error: 'must be "all" or a list of scopes',
      }),
      { error: "must give scopes for each client id" },
    )
    .optional(),
  status_list: yesOrNo.optional(),
  publish_metadata: yesOrNo.optional(),
  claims: z
    .record(
      z.string(),
      z.union([z.string(), z.strictObject({ const: z.json() })], {
        error: 'must be a source such as "account.email", or {"const": value}',
      }),
      { error: "must give a source for each claim" },
    )
    .optional(),
});

const fileSchema = z.strictObject({
  apis: z.array(apiSchema, { error: "must be a list of APIs" }),
});

type DeclaredApi = z.output<typeof apiSchema>;

/** What each fact is called in the file. */
const MEMBERS: Record<keyof ResourceServer, string> = {
  identifier: "identifier",
  name: "name",
  scopes: "scopes",
  accessTokenFormat: "access_token_format",
  accessTokenAlgorithm: "access_token_algorithm",
  accessTokenSeconds: "access_token_seconds",
  default: "default",
  open: "open",
  clients: "clients",
  statusList: "status_list",
  publishMetadata: "publish_metadata",
  claims: "claims",
  managedBy: "identifier",
};

/** Reads the file of `APIS_FILE`. Each problem says where in the file it is. */
export function loadApisFile(path: string): ApisFileReading {
  const content = readText(path);
  if (content.violation !== undefined) return { problems: [problem(content.violation)] };
  const json = parseJson(content.text);
  if (json.violation !== undefined) return { problems: [problem(json.violation)] };
  const parsed = fileSchema.safeParse(json.value);
  if (!parsed.success) return { problems: parsed.error.issues.flatMap(describeIssue).map(problem) };
  const apis = parsed.data.apis.map(toResourceServer);
  const found = [...apis.flatMap(findWrongFacts), ...findClashes(apis)];
  return found.length > 0
    ? { problems: found.map(problem) }
    : { declarations: { path, apis }, problems: [] };
}

function toResourceServer(declared: DeclaredApi): NewResourceServer {
  const { identifier } = declared;
  return {
    identifier,
    name: declared.name ?? normalizeResourceIdentifier(identifier),
    scopes: declared.scopes ?? {},
    accessTokenFormat: declared.access_token_format ?? "jwt",
    accessTokenAlgorithm: declared.access_token_algorithm,
    accessTokenSeconds: declared.access_token_seconds,
    default: declared.default ?? false,
    open: declared.open ?? false,
    clients: declared.clients ?? {},
    statusList: declared.status_list ?? false,
    publishMetadata: declared.publish_metadata ?? false,
    claims: declared.claims ?? {},
  };
}

function findWrongFacts(api: NewResourceServer, index: number): string[] {
  return findApiProblems(completeResourceServer(api)).map(
    ({ fact, problem: what }) => `at apis[${index}].${MEMBERS[fact]} ${what}`,
  );
}

/** What only shows when all are looked at. */
function findClashes(apis: readonly NewResourceServer[]): string[] {
  const identifiers = apis.map(({ identifier }) => normalizeResourceIdentifier(identifier));
  const defaults = apis.flatMap((api, index) => (api.default === true ? [index] : []));
  return [
    ...identifiers.flatMap((identifier, index) => {
      const first = identifiers.indexOf(identifier);
      if (first === index) return [];
      return [`at apis[${index}].identifier is the same API as apis[${first}]`];
    }),
    ...defaults
      .slice(1)
      .map((index) => `at apis[${index}].default must not be true: apis[${defaults[0]}] is`),
  ];
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const place = issue.path.reduce<string>(
    (before, step) =>
      typeof step === "number" ? `${before}[${step}]` : `${before}${before && "."}${String(step)}`,
    "",
  );
  if (issue.code !== "unrecognized_keys") {
    return [place === "" ? "must hold an object" : `at ${place} ${issue.message}`];
  }
  const known = issue.path.length === 0 ? ["apis"] : Object.values(MEMBERS);
  return issue.keys.map((key) => {
    const intended = findIntendedName(key, known);
    const hint =
      intended === undefined ? `there are ${[...new Set(known)].join(", ")}` : `${intended} is`;
    return `at ${place === "" ? key : `${place}.${key}`} is no member: ${hint}`;
  });
}

type Reading<Value> = ({ readonly violation?: undefined } & Value) | { readonly violation: string };

/** Only a regular file is read: a pipe could keep the start waiting for ever. */
function readText(path: string): Reading<{ readonly text: string }> {
  try {
    if (!statSync(path).isFile()) return { violation: "names something that is not a file" };
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path)) };
  } catch (err) {
    const code = err instanceof Error && "code" in err ? String(err.code) : "unknown error";
    if (code === "ENOENT") return { violation: "names a file that does not exist" };
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return { violation: "is not valid UTF-8" };
    return { violation: `names a file that the user who runs Latchkey cannot read (${code})` };
  }
}

function parseJson(content: string): Reading<{ readonly value: unknown }> {
  try {
    return { value: JSON.parse(content) };
  } catch (err) {
    // The engine says where: by line and column, or by what stands around it.
    const words = err instanceof Error ? err.message.replaceAll(/\s+/g, " ") : "";
    return { violation: `is not valid JSON: ${words}` };
  }
}

function problem(reason: string): SettingProblem {
  return { name: "APIS_FILE", reason, example: "APIS_FILE=/etc/latchkey/apis.json" };
}
