import { z } from "zod";
import type { ApiDeclarations } from "../clients/declared-apis.js";
import { completeResourceServer } from "../clients/complete-resource-server.js";
import { findApiProblems } from "../clients/find-api-problems.js";
import { normalizeResourceIdentifier } from "../clients/resource-identifier.js";
import type { NewResourceServer, ResourceServer } from "../clients/resource-server-store.js";
import type { SettingProblem } from "./configuration-error.js";
import { readDeclarationFile } from "./declaration-file.js";

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
  const reading = readDeclarationFile(path, fileSchema, {
    top: ["apis"],
    inner: Object.values(MEMBERS),
  });
  if (reading.violations !== undefined) return { problems: reading.violations.map(problem) };
  const apis = reading.value.apis.map(toResourceServer);
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

function problem(reason: string): SettingProblem {
  return { name: "APIS_FILE", reason, example: "APIS_FILE=/etc/latchkey/apis.json" };
}
