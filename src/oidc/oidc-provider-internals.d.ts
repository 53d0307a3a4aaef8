/** What `library-internals.ts` uses of the library's private files, which have no types of their own. */
declare module "oidc-provider/lib/helpers/weak_cache.js" {
  export interface Internals {
    readonly keystore: {
      clear(): void;
      add(key: object): void;
    };
    /** What the JWKS endpoint answers. */
    jwks: { keys: readonly object[] };
    DPoPNonces: {
      nextChallenge(): string;
      checkChallenge(nonce: string): boolean;
    };
  }

  /** @returns undefined for anything but a provider. */
  export function get(provider: unknown): Internals | undefined;
}

declare module "oidc-provider/lib/helpers/challenge.js" {
  export default class ServerChallenge {
    constructor(secret: Buffer, info: string);
    nextChallenge(): string;
    checkChallenge(nonce: string): boolean;
  }
}

declare module "oidc-provider/lib/helpers/fetch_request.js" {
  /** @returns the same dispatcher. */
  export function applySSRFProtection(dispatcher: unknown): object;
}
