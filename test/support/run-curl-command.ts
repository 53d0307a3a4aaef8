import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A `curl` that does not send anything, but prints what a shell made of its command line. */
const STAND_IN = `curl() { printf '%s\\0' "$@"; }\n`;

/** The words that a shell hands to `curl` when the command is pasted into it. */
export async function wordsForCurl(
  command: string,
  variables: Record<string, string> = {},
): Promise<string[]> {
  const { stdout } = await run("sh", ["-c", STAND_IN + command], { env: variables });
  return stdout.split("\0").slice(0, -1);
}

/** Sends what `curl` would for the few options that our pages use. */
export async function runCurlCommand(
  command: string,
  variables: Record<string, string> = {},
): Promise<Response> {
  const words = await wordsForCurl(command, variables);
  const headers = new Headers();
  const fields: string[] = [];
  const take: Record<string, (value: string) => void> = {
    "-u": (pair) => headers.set("Authorization", `Basic ${btoa(pair)}`),
    "-H": (line) =>
      headers.append(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)),
    "-d": (field) => fields.push(field),
  };
  let url = "";
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const option = take[word];
    if (option !== undefined) option(words.shift() ?? "");
    else if (word !== "-i") url = word;
  }
  if (fields.length === 0) return fetch(url, { headers, redirect: "manual" });
  headers.set("Content-Type", "application/x-www-form-urlencoded");
  return fetch(url, { method: "POST", headers, body: fields.join("&"), redirect: "manual" });
}
