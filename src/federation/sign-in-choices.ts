import type { SignInChoice, UpstreamProvider, UpstreamProviderStore } from "./upstream-provider.js";

/** What the login page offers, in the order of names. If one is the only way in, it is that alone. */
export async function listForSignIn(
  providers: Pick<UpstreamProviderStore, "list">,
): Promise<SignInChoice[]> {
  const choices = (await providers.list()).filter(({ disabled }) => !disabled).map(toChoice);
  const only = choices.filter((choice) => choice.only);
  return only.length > 0 ? only : choices;
}

function toChoice(provider: UpstreamProvider): SignInChoice {
  const { id, displayName, icon, only, hintDomains, kind } = provider;
  return { id, displayName, icon, only, hintDomains, canReauthenticate: kind === "openid" };
}
