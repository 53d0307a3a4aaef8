/** The forms of the start page: what they offer and what was chosen in them. */
import type { AuthorizationChoice } from "./authorization-step.js";

/** What the playground may ask for, with what each brings. */
const SCOPES = [
  { name: "openid", words: "An ID token, which says who signed in", isChosen: true },
  { name: "profile", words: "Name, user name, language and the like", isChosen: true },
  { name: "email", words: "The e-mail address", isChosen: true },
  { name: "phone", words: "The phone number", isChosen: false },
  { name: "address", words: "The postal address", isChosen: false },
  {
    name: "offline_access",
    words: "Access that outlives the session; granted only with the prompt “consent”",
    isChosen: false,
  },
  {
    name: "example:read",
    words: "A permission at the example API; granted only together with it",
    isChosen: false,
  },
];

const PROMPTS = [
  { name: "login", words: "You sign in again, even if you are signed in" },
  { name: "consent", words: "You are asked again, even if you allowed all this before" },
];

export function offerChoices() {
  return { scopes: SCOPES, prompts: PROMPTS };
}

type Fields = Readonly<Record<string, string>>;

/** What was not offered is not taken. */
export function readAuthorizationChoice(fields: Fields, resource: string): AuthorizationChoice {
  const chosen = SCOPES.filter(({ name }) => fields[`scope_${name}`] !== undefined);
  return {
    scope: chosen.map(({ name }) => name).join(" "),
    resource: readResource(fields, resource),
    prompt: PROMPTS.find(({ name }) => name === fields["prompt"])?.name,
  };
}

export function readResource(fields: Fields, resource: string): string | undefined {
  return fields["resource"] === undefined ? undefined : resource;
}
