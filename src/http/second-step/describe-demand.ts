import { message, type Message } from "../../lib/message.js";
import type { AuthenticationDemand } from "../../oidc/authentication-demand.js";

/** Who wants a second step, in words; undefined: nobody does but the person, who has one. */
export function describeDemand(
  { anyOf, secondStep }: AuthenticationDemand,
  clientName: string | Message | undefined,
): Message | undefined {
  if (secondStep === "operator") return message("second-step.why-operator");
  if (clientName === undefined) return undefined;
  if (secondStep === "client") return message("second-step.why-client", { clientName });
  return anyOf.length === 0 ? undefined : message("second-step.why-request", { clientName });
}
