import type { AccountChanges } from "../accounts/account-changes.js";
import { createResetPassword } from "../accounts/reset-password.js";
import { createSignUp } from "../accounts/sign-up.js";
import type { Foundation } from "./foundation.js";
import type { Mail } from "./mail.js";

export interface JourneysParts {
  readonly mail: Mail;
  readonly accountChanges: AccountChanges;
}

/** What people without a session do by way of their mail; undefined where it is off. */
export function createAccountJourneys(
  foundation: Foundation,
  { mail, accountChanges }: JourneysParts,
) {
  const { config, stores, issuer, clock } = foundation;
  const { mailer, oneTimeCodes, notify } = mail;
  const shared = { ...stores, ...accountChanges, mailer, oneTimeCodes, clock };
  return {
    signUp:
      config.signUp && mailer.isOn
        ? createSignUp({
            ...shared,
            urls: {
              confirmSignUp: (token) => `${issuer}/sign-up/link?token=${token}`,
              signIn: `${issuer}/account/sign-in`,
            },
          })
        : undefined,
    resetPassword: mailer.isOn
      ? createResetPassword({
          ...shared,
          resetUrl: (token) => `${issuer}/reset/link?token=${token}`,
          // To where the code was sent, confirmed before or not.
          notify: ({ id, email: to }) => notify(id, "password_reset", { to }),
        })
      : undefined,
  };
}
