/** Chromium's own authenticator in software (DevTools protocol, domain WebAuthn). */
import type { CDPSession, Page } from "playwright-core";

export interface VirtualAuthenticator {
  readonly countPasskeys: () => Promise<number>;
  /** Whether who sits there has the right finger. */
  readonly setVerified: (isVerified: boolean) => Promise<void>;
}

/** As a device has that asks for a finger or a face; it holds nothing yet. */
export async function addVirtualAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const devtools: CDPSession = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    async countPasskeys() {
      const held = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
      return held.credentials.length;
    },
    async setVerified(isUserVerified) {
      await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
    },
  };
}
