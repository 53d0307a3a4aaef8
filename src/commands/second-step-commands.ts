import type { App } from "../app.js";
import { LatchkeyError } from "../lib/errors.js";
import { requireAccount } from "./account-commands.js";
import type { CommandResult } from "./command.js";

type SecondStepApp = Pick<App, "accounts" | "secondSteps" | "endAccess" | "notify" | "audit">;

/** For somebody who lost both app and recovery codes, once it is known who asks. */
export async function resetSecondStep(
  app: SecondStepApp,
  username: string,
): Promise<CommandResult> {
  const { id, username: name } = await requireAccount(app, username);
  if (!(await app.secondSteps.remove(id))) {
    const message = `The account "${name}" has no second step.`;
    throw new LatchkeyError("no_second_step", message, { status: 404 });
  }
  const by = "administrator";
  app.audit({ event: "second_step.removed", outcome: "success", accountId: id, by });
  await app.notify(id, "second_step_off");
  // Afterwards: what began with the second step must not outlive it in strange hands.
  await app.endAccess.ofAccount(id);
  return {
    text: `The account "${name}" has no second step any more, and is signed out everywhere.`,
    data: { id, username: name },
  };
}
