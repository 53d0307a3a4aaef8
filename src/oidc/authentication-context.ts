import { FEDERATED_ACR } from "../federation/map-authentication.js";

/** `acr` of a sign-in with a password alone (OpenID Connect Core §2). */
export const PASSWORD_ACR = "urn:latchkey:acr:pwd";
/** Two factors, whichever: a password or another provider with a code; a passkey that verified its user. */
export const MULTI_FACTOR_ACR = "urn:latchkey:acr:mfa";
/** Nobody in between can take part (OpenID Connect EAP ACR Values 1.0 §2): a passkey. */
export const PHISHING_RESISTANT_ACR = "phr";

/** Each is all that those before it are. What another provider looked at has no place here. */
const LADDER = [PASSWORD_ACR, MULTI_FACTOR_ACR, PHISHING_RESISTANT_ACR];

/** What `acr_values_supported` lists, weakest first. */
export function supportedAcrs({ secondStep, passkeys }: WaysToProve): readonly string[] {
  const isMultiFactor = secondStep !== "off" || passkeys;
  return [
    FEDERATED_ACR,
    PASSWORD_ACR,
    ...(isMultiFactor ? [MULTI_FACTOR_ACR] : []),
    ...(passkeys ? [PHISHING_RESISTANT_ACR] : []),
  ];
}

/** What the operator lets people have. */
interface WaysToProve {
  readonly secondStep: "off" | "optional" | "required";
  readonly passkeys: boolean;
}

/** Whether a sign-in of the class `acr` is one of the class `asked`, too. */
export function satisfies(acr: string | undefined, asked: string): boolean {
  if (acr === asked) return true;
  const reached = LADDER.indexOf(acr ?? "");
  const wanted = LADDER.indexOf(asked);
  return wanted !== -1 && reached >= wanted;
}

/** Whether anything but the very name of the class says how strong it is. */
export function isRanked(acr: string): boolean {
  return LADDER.includes(acr);
}

/**
 * The class to tell whoever asked: of those that they asked for the strongest that the sign-in is, as
 * they compare names (OpenID Connect Core §5.5.1.1, RFC 9470 §4). What happened stays in `amr`.
 */
export function acrToTell(acr: string | undefined, asked: readonly string[]): string | undefined {
  if (acr !== undefined && asked.includes(acr)) return acr;
  const met = LADDER.filter((each) => asked.includes(each) && satisfies(acr, each));
  return met.at(-1) ?? acr;
}
