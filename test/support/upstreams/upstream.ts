import type { Page } from "playwright-core";

/** Somebody whom a provider knows. */
export interface UpstreamPerson {
  readonly username: string;
  readonly password: string;
  readonly name: string;
  readonly email: string;
  readonly emailVerified: boolean;
}

export interface UpstreamOptions {
  /** Where the relying party is that it is set up for. */
  readonly relyingParty: string;
  /** What the relying party calls it; the last part of where it sends logout tokens to. */
  readonly providerId: string;
  readonly people: readonly UpstreamPerson[];
}

/** A provider of identities that runs beside the server under test, with one client: this server. */
export interface Upstream {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** How its client must prove itself (OpenID Connect Core §9). */
  readonly authentication: "client_secret_basic" | "client_secret_post";
  /**
   * Goes through an authorization request as a browser of its own would.
   *
   * @returns where that browser is sent in the end: the callback with its parameters.
   */
  signInAs(person: UpstreamPerson, authorizationUrl: string | URL): Promise<URL>;
  /** Ends the session there that `signInAs` began last; it tells the relying party. */
  signOut(person: UpstreamPerson): Promise<void>;
  /** The same at its pages, from its login page on until the browser has left it. */
  signInAtPages(page: Page, person: UpstreamPerson): Promise<void>;
  /** Agrees at its pages to sign out, from its question on until the browser has left it. */
  agreeToSignOut(page: Page): Promise<void>;
  /** Signs out there without having come from the relying party, which it tells. */
  signOutAtPages(page: Page): Promise<void>;
  stop(): Promise<void>;
}

export interface KillableUpstream extends Upstream {
  /** Ends it without a word; what it stores stays. */
  kill(): Promise<void>;
  /** Resolves when it answers again, at the same address. */
  start(): Promise<void>;
}

export const GRACE: UpstreamPerson = {
  username: "grace",
  password: "a ship in port is safe",
  name: "Grace Example",
  email: "grace@example.com",
  emailVerified: true,
};

export const EDSGER: UpstreamPerson = {
  username: "edsger",
  password: "simplicity is a great virtue",
  name: "Edsger Example",
  email: "edsger@example.com",
  emailVerified: false,
};

/** The addresses of a relying party that a provider is told. */
export function addressesOf({ relyingParty, providerId }: UpstreamOptions) {
  return {
    callback: `${relyingParty}/oauth/callback`,
    signedOut: `${relyingParty}/oauth/signed-out`,
    backChannelLogout: `${relyingParty}/oauth/back-channel-logout/${providerId}`,
  };
}

/** Asks until there is an answer. @throws after 10 s */
export async function waitForAnswer(url: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      const answer = await fetch(url);
      await answer.body?.cancel();
      return;
    } catch (err) {
      if (performance.now() > deadline) throw err;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
