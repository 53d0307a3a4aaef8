import { randomBytes } from "node:crypto";
import type { Account } from "../../src/accounts/account.js";
import { readNewPasskey } from "../../src/accounts/enrol-passkey.js";
import { passkeyCreationOptions, passkeyUser } from "../../src/accounts/passkey-options.js";
import {
  createSoftwareAuthenticator,
  type AuthenticatorTraits,
  type SoftwareAuthenticator,
} from "./software-authenticator.js";
import type { TestServer } from "./test-server.js";

/** An authenticator that holds a passkey of the account, without the pages that make one. */
export async function givePasskey(
  { app, issuer }: TestServer,
  account: Account,
  traits: AuthenticatorTraits = {},
): Promise<SoftwareAuthenticator> {
  const authenticator = createSoftwareAuthenticator(traits);
  const challenge = randomBytes(32).toString("base64url");
  const userHandle = randomBytes(32).toString("base64url");
  const { origin, hostname: rpId } = new URL(issuer);
  const options = passkeyCreationOptions({
    challenge,
    rp: { id: rpId, name: rpId },
    userHandle,
    user: passkeyUser(account),
    passkeys: [],
  });
  const credential = authenticator.create(options, origin);
  const expected = { challenge, origin, rpId };
  const read = await readNewPasskey({ credential, expected, userHandle, deviceName: "Test" });
  if (read.outcome === "refused") throw new Error(read.reason);
  await app.passkeys.add(account.id, read.passkey);
  return authenticator;
}
