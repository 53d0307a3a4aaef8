import { readFileSync, statSync } from "node:fs";
import { settingList, type SettingName } from "./settings.js";

/** Names a file that holds the setting: `SECRET_KEY_FILE` for `SECRET_KEY`. Secret settings have one. */
export type SecretFileName = `${SettingName}_FILE`;

export function secretFileNameOf(name: SettingName): SecretFileName {
  return `${name}_FILE`;
}

export const secretFileNames: readonly SecretFileName[] = settingList
  .filter(([, setting]) => setting.secret === true)
  .map(([name]) => secretFileNameOf(name));

export function exampleOfSecretFile(name: SecretFileName): string {
  const file = name
    .replace(/_FILE$/, "")
    .replaceAll("_", "-")
    .toLowerCase();
  return `${name}=/run/secrets/${file}`;
}

/** Either has one of the two. Neither a violation nor the path in it tells what the file holds. */
export interface SecretFileReading {
  readonly text?: string;
  /** To follow the name of the variable. The path is left out: it may be the secret, by mistake. */
  readonly violation?: string;
}

/**
 * Reads a secret, which is one line of UTF-8; the line break at its end, which editors and `echo`
 * add, is no part of it. Only a regular file is read: a pipe could keep the start waiting for ever.
 */
export function loadSecretFile(path: string): SecretFileReading {
  let bytes: Uint8Array;
  try {
    if (!statSync(path).isFile()) return { violation: "names something that is not a file" };
    bytes = readFileSync(path);
  } catch (error) {
    return { violation: describeFailure(error) };
  }
  return readLine(bytes);
}

function describeFailure(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return code === "ENOENT"
    ? "names a file that does not exist: give the path of a file, not the secret itself"
    : `names a file that the user who runs Latchkey cannot read (${code})`;
}

function readLine(bytes: Uint8Array): SecretFileReading {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch {
    return { violation: "names a file that is not valid UTF-8" };
  }
  if (text === "") return { violation: "names an empty file" };
  if (/[\r\n\0]/.test(text)) {
    return { violation: "names a file with more than one line: it must hold the secret alone" };
  }
  return { text };
}
