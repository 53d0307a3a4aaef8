import type { FederatedRefusal } from "../../accounts/decide-federated-sign-in.js";

export interface RefusedPerson {
  readonly providerName: string;
  readonly email: string | undefined;
}

interface Words {
  readonly heading: string;
  readonly explanation: string;
}

/** What each refusal means to the person: what they proved to be is told, nothing about others. */
const WORDS: Record<FederatedRefusal | "linked_elsewhere", (person: RefusedPerson) => Words> = {
  domain_not_allowed: ({ providerName, email }) => ({
    heading: "You cannot sign in here with this account",
    explanation:
      `${called(providerName, email)}, and only people with a confirmed address of certain ` +
      "organisations may use it here. If you have another account there, choose that one.",
  }),
  not_linked: ({ providerName }) => ({
    heading: `Your ${providerName} account is not connected yet`,
    explanation:
      `Sign in the way you usually do. Then connect ${providerName} on your account page, and you ` +
      "can use it from the next time on.",
  }),
  not_invited: ({ providerName, email }) => ({
    heading: "You have not been invited yet",
    explanation:
      `${called(providerName, email)}, and nobody with that is expected here. Ask the people who ` +
      "run this service to invite you.",
  }),
  account_disabled: () => ({
    heading: "Your account is switched off",
    explanation: "Ask the people who run this service whether it can be used again.",
  }),
  linked_elsewhere: ({ providerName }) => ({
    heading: `That ${providerName} account is connected already`,
    explanation:
      "Another account here is connected with it. Remove it there first, or choose another account " +
      `at ${providerName}.`,
  }),
  address_taken: ({ providerName, email }) => ({
    heading: "Your address is already in use here",
    explanation:
      `An account here has the address ${email ?? "that you use"}, and we could not make sure that ` +
      `it is yours. Sign in to it the way you usually do, then connect ${providerName} on your ` +
      "account page. If that does not work, ask the people who run this service.",
  }),
};

export function describeRefusal(reason: keyof typeof WORDS, person: RefusedPerson): Words {
  return WORDS[reason](person);
}

function called(providerName: string, email: string | undefined): string {
  return email === undefined
    ? `${providerName} told us no address of yours`
    : `${providerName} knows you as ${email}`;
}
