/** `acr` of a sign-in with a password alone (OpenID Connect Core §2). */
export const PASSWORD_ACR = "urn:latchkey:acr:pwd";

/** What `acr_values_supported` lists, weakest first. */
export const SUPPORTED_ACRS: readonly string[] = [PASSWORD_ACR];
