import { message } from "../../../lib/message.js";
import type { JourneyEndedView } from "../../journey-views.js";

/** Used, expired, replaced, guessed: the same for all. */
export function linkEnded(accountUrl: string): JourneyEndedView {
  return {
    heading: message("email.ended-heading"),
    explanation: message("email.ended"),
    ways: [{ href: accountUrl, label: message("email.open-account") }],
  };
}
