/** The grants that need no browser. */
import { findKeys, findMetadata } from "./discover.js";
import type { ClientDeps } from "./playground-deps.js";
import type { PlaygroundSession } from "./playground-session.js";
import { requestTokens } from "./token-request.js";

/** A token of the client's own, with nobody signed in (RFC 6749 §4.4). */
export async function requestClientCredentials(
  session: PlaygroundSession,
  resource: string | undefined,
  deps: ClientDeps,
): Promise<void> {
  const metadata = await findMetadata(session, deps.issuer);
  if (metadata === undefined) return;
  // Before the tokens, so that the token request is the last step and thereby shown first.
  if (resource !== undefined) await findKeys(session, metadata);
  await requestTokens(
    session,
    {
      title: "Token request with client credentials",
      purpose:
        "The playground asks for a token of its own. No person takes part, so there is neither an ID token nor a refresh token.",
      form: {
        grant_type: "client_credentials",
        ...(resource === undefined ? {} : { resource, scope: "example:read" }),
      },
      resource,
      nonce: undefined,
      metadata,
    },
    deps,
  );
}

/** A new access token without the person (RFC 6749 §6). @returns false when there is nothing to refresh with. */
export async function refreshTokens(
  session: PlaygroundSession,
  deps: ClientDeps,
): Promise<boolean> {
  const earlier = session.tokens;
  if (earlier?.refreshToken === undefined) return false;
  const metadata = await findMetadata(session, deps.issuer);
  if (metadata === undefined) return true;
  const { refreshToken, resource, identity } = earlier;
  await requestTokens(
    session,
    {
      title: "Token request with the refresh token",
      purpose: "The playground asks for a new access token. The person need not be there.",
      curlNote:
        "This refresh token is used up. Sent again it counts as stolen, and the server ends all tokens of this sign-in.",
      form: {
        grant_type: "refresh_token",
        refresh_token: refreshToken,
        ...(resource === undefined ? {} : { resource }),
      },
      resource,
      nonce: identity?.nonce,
      metadata,
      earlier,
    },
    deps,
  );
  return true;
}
