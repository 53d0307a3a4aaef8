import { errors, type TokenEndpointGrantContext } from "oidc-provider";
import type { CommittingProvider, GrantHandler } from "./committing-provider.js";
import { NO_REDIRECT_URI, type IssueCode } from "./direct-code.js";
import type { VerifyPerson } from "./direct-password.js";
import { asksMoreThanPassword, checkDirectRequest, REQUEST_PARAMETERS } from "./direct-request.js";
import { InsufficientAuthorization } from "./first-party-errors.js";
import { checkDpopRequired, validateDpop } from "./grant-steps.js";
import { FIRST_PARTY_LOGIN } from "./grant-types.js";

export interface FirstPartyLoginDeps {
  readonly provider: CommittingProvider;
  readonly assertAllowed: (ctx: TokenEndpointGrantContext) => Promise<void>;
  readonly verifyPerson: VerifyPerson;
  readonly issueCode: IssueCode;
  readonly redeemCode: GrantHandler;
}

/**
 * User name and password in, tokens out: a code is issued as at the authorization endpoint and
 * redeemed at once by the library, so that the tokens are those of the code flow.
 */
export function registerFirstPartyLogin(deps: FirstPartyLoginDeps): void {
  const { provider, assertAllowed, verifyPerson, issueCode, redeemCode } = deps;
  provider.registerGrantType(
    FIRST_PARTY_LOGIN,
    async (ctx) => {
      await assertAllowed(ctx);
      const { username: identifier, password } = ctx.oidc.params;
      if (typeof identifier !== "string" || typeof password !== "string") {
        throw new errors.InvalidRequest("username and password are required");
      }
      await checkDirectRequest(ctx);
      // Before anything is written; the library checks it again when the code is redeemed.
      checkDpopRequired(provider, ctx, await validateDpop(provider, ctx));
      if (asksMoreThanPassword(ctx)) {
        throw new InsufficientAuthorization("what is asked for takes more than a password");
      }
      const person = await verifyPerson(ctx, { identifier, password });
      const code = await issueCode(ctx, person);
      Object.assign(ctx.oidc.params, { code, redirect_uri: NO_REDIRECT_URI });
      await redeemCode(ctx);
    },
    ["username", "password", ...REQUEST_PARAMETERS],
    ["resource"],
  );
}
