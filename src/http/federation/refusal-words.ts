import type { FederatedRefusal } from "../../accounts/decide-federated-sign-in.js";
import { message } from "../../lib/message.js";
import type { ErrorView } from "../views.js";

export interface RefusedPerson {
  readonly providerName: string;
  readonly email: string | undefined;
}

/** Whose words name the address, or say that there is none. */
const TELLS_ADDRESS = new Set(["domain_not_allowed", "not_invited", "address_taken"]);

/** What each refusal means to the person: what they proved to be is told, nothing about others. */
export function describeRefusal(
  reason: FederatedRefusal | "linked_elsewhere",
  { providerName: provider, email }: RefusedPerson,
): Pick<ErrorView, "heading" | "explanation"> {
  const tellsAddress = TELLS_ADDRESS.has(reason);
  const isWithout = tellsAddress && email === undefined;
  const values = {
    ...(reason === "account_disabled" ? {} : { provider }),
    ...(tellsAddress && email !== undefined ? { email } : {}),
  };
  return {
    heading: message(`federation.refusal-${reason}`, values),
    explanation: message(
      `federation.refusal-${reason}-why${isWithout ? "-no-address" : ""}`,
      values,
    ),
  };
}
