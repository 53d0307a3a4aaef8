import { interactionPolicy } from "oidc-provider";
import type { ClientStore } from "../clients/client-store.js";
import { meets, type FindDemand } from "./authentication-demand.js";

/** The reason of a prompt when somebody is signed in, and needs to prove more. */
export const STEP_UP = "step_up";

/**
 * When a person is asked to sign in or to consent: the library's rules, plus
 * - `prompt=create` asks to make an account, where people may (Initiating User Registration 1.0);
 * - `prompt=select_account` lets the person choose among the accounts of this browser, before a sign-in;
 * - a session that is less than what is asked for is asked for more;
 * - a session whose account was disabled or deleted asks for a sign-in (the library fails with 500);
 * - native applications that are not ours always ask for consent (RFC 8252 §8.6), ours do not.
 */
export function createInteractionPolicy(
  clients: ClientStore,
  { signUp, findDemand }: { readonly signUp: boolean; readonly findDemand: FindDemand },
): interactionPolicy.DefaultPolicy {
  const { Check, Prompt, base } = interactionPolicy;
  const policy = base();
  policy.add(new Prompt({ name: "select_account", requestable: true }), 0);
  if (signUp) policy.add(new Prompt({ name: "create", requestable: true }), 0);

  policy
    .get("login")
    ?.checks.add(
      new Check(
        "account_unavailable",
        "the account of the session is not available",
        "login_required",
        ({ oidc }) => oidc.session?.accountId !== undefined && oidc.account === undefined,
      ),
    );

  policy.get("login")?.checks.add(
    new Check(
      STEP_UP,
      "the session is less than what is asked for",
      "login_required",
      async ({ oidc }) => {
        if (oidc.session?.accountId === undefined || oidc.client === undefined) {
          return Check.NO_NEED_TO_PROMPT;
        }
        const { clientId } = oidc.client;
        const demand = await findDemand({ clientId, params: { ...oidc.params } });
        return !meets(oidc.session.acr, demand);
      },
    ),
  );

  const consent = policy.get("consent");
  consent?.checks.remove("native_client_prompt");
  consent?.checks.add(
    new Check(
      "native_client_prompt",
      "native clients require End-User interaction",
      "interaction_required",
      async ({ oidc }) => {
        if (oidc.client?.applicationType !== "native") return Check.NO_NEED_TO_PROMPT;
        if (oidc.params?.["response_type"] === "none" || oidc.result?.consent !== undefined) {
          return Check.NO_NEED_TO_PROMPT;
        }
        const record = await clients.find(oidc.client.clientId);
        return record?.policy.firstParty !== true;
      },
    ),
    0,
  );
  return policy;
}
