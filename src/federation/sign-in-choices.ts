import type { SignInChoice, UpstreamProvider, UpstreamProviderStore } from "./upstream-provider.js";

/** What the login page offers, in the order of names. If one is the only way in, it is that alone. */
export async function listForSignIn(
  providers: Pick<UpstreamProviderStore, "list">,
): Promise<SignInChoice[]> {
  const choices = (await providers.list()).filter(({ disabled }) => !disabled).map(toChoice);
  const only = choices.filter((choice) => choice.only);
  return only.length > 0 ? only : choices;
}

/** @returns undefined also when it is disabled, or another one is the only way in. */
export async function findUsable(
  providers: Pick<UpstreamProviderStore, "list">,
  id: string,
): Promise<UpstreamProvider | undefined> {
  const enabled = (await providers.list()).filter(({ disabled }) => !disabled);
  const isOnly = enabled.some(({ only }) => only);
  return enabled.find((provider) => provider.id === id && (provider.only || !isOnly));
}

function toChoice(provider: UpstreamProvider): SignInChoice {
  const { id, displayName, icon, only, hintDomains, kind } = provider;
  return { id, displayName, icon, only, hintDomains, canReauthenticate: kind === "openid" };
}
