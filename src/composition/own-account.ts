import { createChangeProfile } from "../accounts/change-profile.js";
import { createSetPassword } from "../accounts/create-account.js";
import type { Foundation } from "./foundation.js";
import type { Passwords } from "./passwords.js";
import type { Protocol } from "./protocol.js";

/** What people do with their own account, on its pages. */
export function createOwnAccount(
  foundation: Foundation,
  { passwords, protocol }: { readonly passwords: Passwords; readonly protocol: Protocol },
) {
  const { stores } = foundation;
  const { sessionDirectory, endSessions } = protocol.sessions;
  return {
    changeProfile: createChangeProfile(stores),
    changePassword: createSetPassword({
      ...passwords,
      ...stores,
      async endAccess(id, keptSessionUid) {
        const except =
          keptSessionUid === undefined
            ? undefined
            : await sessionDirectory.findByUid(keptSessionUid);
        const options = { reason: "password_changed", includingOffline: true, except } as const;
        return endSessions.endAllOfAccount(id, options);
      },
    }),
  };
}
