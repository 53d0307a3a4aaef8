import { fetchProtectedResource, type Configuration } from "openid-client";
import { FederationError } from "./federation-error.js";
import { findPreset, type OAuthPreset } from "./presets.js";
import { readPath } from "./read-claims.js";
import type { UpstreamProvider } from "./upstream-provider.js";

/** 255 characters: OpenID Connect Core §2 allows a `sub` no more. */
const MAX_SUBJECT_CHARACTERS = 255;

export interface OAuthPerson {
  readonly subject: string;
  readonly said: object;
}

/** Whose access token it is, asked by the addresses of a preset. @throws FederationError */
export async function readOAuthPerson(
  provider: Pick<UpstreamProvider, "issuer" | "preset">,
  configuration: Configuration,
  accessToken: string,
): Promise<OAuthPerson> {
  const preset = findPreset(provider.preset)?.oauth;
  if (preset === undefined) {
    throw new FederationError("provider_unavailable", "its preset is not known");
  }
  const ask = async (address: string): Promise<unknown> => {
    const url = new URL(address, provider.issuer);
    const headers = new Headers({ accept: "application/json" });
    const response = await fetchProtectedResource(
      configuration,
      accessToken,
      url,
      "GET",
      undefined,
      headers,
    );
    if (response.status !== 200) {
      const problem = response.status >= 500 ? "upstream_busy" : "upstream_invalid";
      throw new FederationError(problem, `${url.href} answered with status ${response.status}`);
    }
    return parseJson(await response.text(), url);
  };

  const person = await ask(preset.userEndpoint);
  if (typeof person !== "object" || person === null) {
    throw new FederationError("upstream_invalid", "it says nothing of the person");
  }
  const subject = toSubject(readPath(person, preset.subject));
  if (subject === undefined) {
    throw new FederationError("upstream_invalid", `it gives no "${preset.subject}" of the person`);
  }
  const { emails } = preset;
  if (emails === undefined) return { subject, said: person };
  const primary = findPrimary(await ask(emails.endpoint), emails);
  // The profile may show an address that nobody verified.
  return { subject, said: { ...person, email: primary.email, email_verified: primary.verified } };
}

function findPrimary(list: unknown, names: NonNullable<OAuthPreset["emails"]>) {
  const addresses = Array.isArray(list) ? list : [];
  const primary: unknown = addresses.find((each) => readPath(each, names.primary) === true);
  return { email: readPath(primary, names.address), verified: readPath(primary, names.verified) };
}

/** GitHub numbers people; a number beyond what JavaScript holds exactly could be another's. */
function toSubject(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === "string" && value !== "" && value.length <= MAX_SUBJECT_CHARACTERS
    ? value
    : undefined;
}

function parseJson(text: string, url: URL): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FederationError("upstream_invalid", `${url.href} answered with what is no JSON`);
  }
}
