/** What `library-keys.ts` uses of the library's private files, which have no types of their own. */
declare module "oidc-provider/lib/helpers/weak_cache.js" {
  interface Internals {
    readonly keystore: {
      clear(): void;
      add(key: object): void;
    };
    /** What the JWKS endpoint answers. */
    jwks: { keys: readonly object[] };
  }

  /** @returns undefined for anything but a provider. */
  export function get(provider: unknown): Internals | undefined;
}
