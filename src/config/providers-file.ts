import { dirname, resolve } from "node:path";
import { z } from "zod";
import { completeProvider, type NewUpstreamProvider } from "../federation/complete-provider.js";
import type { DeclaredProvider, ProviderDeclarations } from "../federation/declared-providers.js";
import { findProviderProblems } from "../federation/find-provider-problems.js";
import { UPSTREAM_PRESETS } from "../federation/presets.js";
import { PROVIDER_MEMBERS } from "../federation/provider-document.js";
import { ACCOUNT_POLICIES, UPSTREAM_AUTHENTICATIONS } from "../federation/upstream-provider.js";
import { LatchkeyError } from "../lib/errors.js";
import type { SettingProblem } from "./configuration-error.js";
import { readDeclarationFile } from "./declaration-file.js";
import { loadSecretFile } from "./secret-file.js";

export interface ProvidersFileReading {
  readonly declarations?: ProviderDeclarations;
  readonly problems: readonly SettingProblem[];
}

const text = z.string({ error: "must be text" });
const texts = z.array(text, { error: "must be a list of texts" });
const yesOrNo = z.boolean({ error: "must be true or false" });
const words = z.record(z.string(), text, { error: "must give a text for each name" });
const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `must be one of ${values.join(", ")}` });

const providerSchema = z.strictObject({
  id: text,
  client_id: text,
  client_secret_file: text.optional(),
  issuer: text.optional(),
  preset: text.optional(),
  display_name: text.optional(),
  icon: text.optional(),
  authentication: oneOf(UPSTREAM_AUTHENTICATIONS).optional(),
  scopes: texts.optional(),
  authorization_parameters: words.optional(),
  claims: z
    .record(
      z.string(),
      z.union([z.string(), z.strictObject({ const: z.union([z.string(), z.boolean()]) })], {
        error: 'must be a claim of the provider such as "email", or {"const": value}',
      }),
      { error: "must give a source for each claim" },
    )
    .optional(),
  accounts: oneOf(ACCOUNT_POLICIES).optional(),
  allowed_domains: texts.optional(),
  email_authoritative_for: texts.optional(),
  hint_domains: texts.optional(),
  takes_over_profile: yesOrNo.optional(),
  only: yesOrNo.optional(),
  acr_mapping: words.optional(),
  amr_mapping: words.optional(),
  logout: z
    .strictObject({ from_upstream: yesOrNo, to_upstream: yesOrNo }, { error: "must be an object" })
    .optional(),
  disabled: yesOrNo.optional(),
});

const fileSchema = z.strictObject({
  providers: z.array(providerSchema, { error: "must be a list of providers" }),
});

type Declared = z.output<typeof providerSchema>;

interface ReadProvider {
  readonly declared?: DeclaredProvider;
  readonly problems: readonly string[];
}

/**
 * Reads the file of `PROVIDERS_FILE`, and the secrets from the files that it names, which are looked
 * for beside it. Each problem says where in the file it is.
 */
export function loadProvidersFile(path: string): ProvidersFileReading {
  const reading = readDeclarationFile(path, fileSchema, {
    top: ["providers"],
    inner: [...Object.keys(providerSchema.shape), "from_upstream", "to_upstream"],
  });
  if (reading.violations !== undefined) return { problems: reading.violations.map(problem) };
  const { providers } = reading.value;
  const read = providers.map((each) => readProvider(each, dirname(path)));
  const found = [
    ...read.flatMap(({ problems }, index) =>
      problems.map((what) => `at providers[${index}].${what}`),
    ),
    ...findClashes(read),
  ];
  return found.length > 0
    ? { problems: found.map(problem) }
    : {
        declarations: { path, providers: read.flatMap((each) => each.declared ?? []) },
        problems: [],
      };
}

function readProvider(declared: Declared, directory: string): ReadProvider {
  const file = declared.client_secret_file;
  const secret = file === undefined ? {} : loadSecretFile(resolve(directory, file));
  if (secret.violation !== undefined) {
    return { problems: [`client_secret_file ${secret.violation}`] };
  }
  const provider = toProvider(declared);
  if (provider.preset !== undefined && !Object.hasOwn(UPSTREAM_PRESETS, provider.preset)) {
    const known = Object.keys(UPSTREAM_PRESETS).join(", ");
    return { problems: [`preset must be one of ${known}`] };
  }
  try {
    // Whether there is a secret counts, not which.
    const sealedClientSecret = secret.text === undefined ? undefined : "sealed later";
    const whole = completeProvider({ ...provider, sealedClientSecret });
    return {
      declared: { provider: { ...provider, issuer: whole.issuer }, clientSecret: secret.text },
      problems: findProviderProblems(whole).map(
        ({ fact, problem: what }) => `${PROVIDER_MEMBERS[fact]} ${what}`,
      ),
    };
  } catch (err) {
    if (!(err instanceof LatchkeyError)) throw err;
    return { problems: ["issuer is missing"] };
  }
}

function toProvider(declared: Declared): NewUpstreamProvider {
  const { logout } = declared;
  return {
    id: declared.id,
    clientId: declared.client_id,
    issuer: declared.issuer,
    preset: declared.preset,
    displayName: declared.display_name,
    icon: declared.icon,
    authentication: declared.authentication,
    scopes: declared.scopes,
    authorizationParameters: declared.authorization_parameters,
    claims: declared.claims,
    accounts: declared.accounts,
    allowedDomains: declared.allowed_domains,
    emailAuthoritativeFor: declared.email_authoritative_for,
    hintDomains: declared.hint_domains,
    takesOverProfile: declared.takes_over_profile,
    only: declared.only,
    acrMapping: declared.acr_mapping,
    amrMapping: declared.amr_mapping,
    logout:
      logout === undefined
        ? undefined
        : { fromUpstream: logout.from_upstream, toUpstream: logout.to_upstream },
    disabled: declared.disabled,
  };
}

/** What only shows when all are looked at. */
function findClashes(read: readonly ReadProvider[]): string[] {
  return (["id", "issuer"] as const).flatMap((fact) => {
    const values = read.map(({ declared }) => declared?.provider[fact]);
    return values.flatMap((value, index) => {
      const first = values.indexOf(value);
      if (value === undefined || first === index) return [];
      return [`at providers[${index}].${fact} is that of providers[${first}]`];
    });
  });
}

function problem(reason: string): SettingProblem {
  return { name: "PROVIDERS_FILE", reason, example: "PROVIDERS_FILE=/etc/latchkey/providers.json" };
}
