import { createInterface } from "node:readline/promises";
import { LatchkeyError } from "../lib/errors.js";

/**
 * Shows what is about to be lost and asks whether to go on; `yes`: that was said beforehand.
 *
 * @throws LatchkeyError `not_confirmed`, also when there is no terminal to ask at.
 */
export async function confirm(warning: string, yes: boolean): Promise<void> {
  process.stderr.write(`${warning}\n`);
  if (yes) return;
  if (!process.stdin.isTTY) {
    const message = "Nothing was done: without a terminal to ask at, say --yes.";
    throw new LatchkeyError("not_confirmed", message, { status: 400 });
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question('Type "yes" to go on: ');
    if (answer.trim() === "yes") return;
  } finally {
    prompt.close();
  }
  throw new LatchkeyError("not_confirmed", "Nothing was done.", { status: 400 });
}
