import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { Writable } from "node:stream";
import { LatchkeyError } from "../lib/errors.js";

/**
 * A password from a prompt that does not show it, asked twice, or else all of standard input up to
 * its last line break. Never from an argument, which every user of the machine could read.
 *
 * @throws LatchkeyError `password_mismatch`
 */
export async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, "");
  const first = await ask("New password: ");
  if (first !== (await ask("Again: "))) {
    throw new LatchkeyError("password_mismatch", "The two passwords differ.", { status: 400 });
  }
  return first;
}

/** Anybody's secret, asked for once. @param question as `readPassword` asks. */
export async function readSecret(question: string): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, "");
  return ask(question);
}

async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await prompt.question("");
  } finally {
    prompt.close();
    process.stderr.write("\n");
  }
}
