import { fileURLToPath } from "node:url";
import { openBreachedPasswords } from "../accounts/breached-passwords.js";
import { loadPasswordDigests } from "../accounts/password-digests.js";
import { createCheckPassword } from "../accounts/password-policy.js";
import { createPwnedRange } from "../accounts/pwned-range.js";
import type { Foundation } from "./foundation.js";

/** Made by `npm run passwords:list`. */
const COMMON_PASSWORDS = fileURLToPath(
  new URL("../../../lists/common-passwords.bin", import.meta.url),
);

/** Which passwords may be chosen. @throws LatchkeyError `password_list_unusable` */
export async function openPasswordPolicy({ config, logger }: Foundation) {
  const { breachedPasswordsFile: file, pwnedPasswordsRangeUrl: url } = config;
  const common = await loadPasswordDigests(COMMON_PASSWORDS);
  const breached = file === undefined ? undefined : await openBreachedPasswords(file);
  const isInRange = url === undefined ? undefined : createPwnedRange({ url, fetch, logger });
  return {
    checkPassword: createCheckPassword({
      issuerHost: new URL(config.issuer).host,
      minLength: config.passwordMinLength,
      isCommon: async (password) =>
        common.has(password) ||
        (await breached?.has(password)) === true ||
        (await isInRange?.(password)) === true,
    }),
    closePasswordPolicy: async () => breached?.close(),
  };
}
