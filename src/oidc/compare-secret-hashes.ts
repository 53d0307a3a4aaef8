import type { Provider } from "oidc-provider";
import { verifyClientSecret } from "../clients/client-secret.js";

/** The library compares secrets in the clear; ours are stored as hashes. */
export function compareSecretHashes(provider: Provider): void {
  provider.Client.prototype.compareClientSecret = compareClientSecret;
}

function compareClientSecret(this: { clientSecret?: string }, secret: string): boolean {
  return this.clientSecret !== undefined && verifyClientSecret(secret, this.clientSecret);
}
