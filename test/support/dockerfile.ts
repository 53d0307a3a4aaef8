/** Reads the Dockerfile, so that tests hold it to the rest of the project and run its steps. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./documentation.js";

export interface Instruction {
  readonly keyword: string;
  /** What follows the keyword, on one line, with the values of `ARG` filled in. */
  readonly text: string;
}

export interface Stage {
  /** After `AS`; the last stage of ours has none. */
  readonly name: string | undefined;
  readonly image: string;
  readonly instructions: readonly Instruction[];
}

export interface Copy {
  /** The stage that it copies from; undefined: the build context. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

export function loadDockerfile(): Stage[] {
  const lines = readFileSync(join(PROJECT, "Dockerfile"), "utf8")
    .replaceAll(/^\s*#.*\n/gm, "")
    .replaceAll(/\s*\\\n\s*/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const args: Record<string, string> = {};
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const line of lines) {
    const [, keyword = "", raw = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    const text = raw.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => args[name] ?? whole);
    if (keyword === "ARG") {
      const [name = "", value = ""] = text.split("=", 2);
      args[name] = value;
    }
    if (keyword === "FROM") {
      const [image = "", , name] = text.split(" ");
      stages.push({ name, image, instructions: [] });
    } else {
      stages.at(-1)?.instructions.push({ keyword, text });
    }
  }
  return stages;
}

export function findTexts(stage: Stage, keyword: string): string[] {
  return stage.instructions.filter((each) => each.keyword === keyword).map(({ text }) => text);
}

export function parseCopy(text: string): Copy {
  const words = text.split(" ");
  const from = words.find((word) => word.startsWith("--from="))?.slice("--from=".length);
  const paths = words.filter((word) => !word.startsWith("--"));
  return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? "" };
}

/** What `.dockerignore` lets through; it leaves out everything else. */
export function loadBuildContext(): string[] {
  const [first, ...others] = readFileSync(join(PROJECT, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (first !== "*" || !others.every((line) => line.startsWith("!"))) {
    throw new Error(".dockerignore must leave out everything (*) and then let through (!name)");
  }
  return others.map((line) => line.slice(1));
}
