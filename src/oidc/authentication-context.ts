import { FEDERATED_ACR } from "../federation/map-authentication.js";

/** `acr` of a sign-in with a password alone (OpenID Connect Core §2). */
export const PASSWORD_ACR = "urn:latchkey:acr:pwd";

/** What `acr_values_supported` lists, weakest first: what another provider looked at is not known here. */
export const SUPPORTED_ACRS: readonly string[] = [FEDERATED_ACR, PASSWORD_ACR];
