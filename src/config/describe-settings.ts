import { writeFileSync } from "node:fs";
import type { Setting } from "./setting.js";
import { settingList } from "./settings.js";

const HEAD = `# Configuration

<!-- Written by \`npm run docs:configuration\` from src/config/*-settings.ts. Do not edit. -->

Latchkey is configured by environment variables, read once at start. Every problem is reported at
once, and the server does not start with any. An empty variable counts as unset.

## Where values come from

1. The environment of the process.
2. A file \`.env\` in the working directory, for variables that the environment does not have. A
   variable that the environment has wins even when it is empty, and then means its default.
3. The defaults below.

No \`.env\` is fine; one that cannot be read, or a line in it that is not \`NAME=value\`, is a problem. So
is a name in it that looks like a misspelt setting. Other names in it are left alone.

## Production

\`NODE_ENV=production\` refuses to start

- without \`SECRET_KEY\`, or with a short, repetitive or placeholder one;
- without \`DATABASE_URL\`;
- with an http \`ISSUER\` whose host is not loopback;
- with \`DEMONSTRATION_DATA=true\`.

## Secrets

A setting marked (secret) below may stand in a file instead: \`SECRET_KEY_FILE=/run/secrets/secret-key\`
says where \`SECRET_KEY\` is, and the others have a name with \`_FILE\` after it, too. Give the setting
or its file, not both. The file holds the secret alone, on one line; the line break at its end is no
part of it. A relative path starts at the working directory. Containers, Kubernetes and systemd hand
over secrets this way; unlike variables, files do not show in \`docker inspect\`.

Else give secrets through the environment, or through a \`.env\` that only the server's user can read.
They belong neither in an image nor in version control. Messages about them never show their value.
Make a key with \`openssl rand -base64 48\`.
`;

/** The whole of docs/configuration.md. */
export function renderSettings(): string {
  const groups = Map.groupBy(settingList, ([, setting]) => setting.group);
  const sections = [...groups].map(([group, rows]) =>
    [
      `## ${group}`,
      "",
      "| name | meaning | default | example | accepted |",
      "| --- | --- | --- | --- | --- |",
      ...rows.map(([name, setting]) => renderRow(name, setting)),
      "",
    ].join("\n"),
  );
  return [HEAD, ...sections].join("\n");
}

function renderRow(name: string, setting: Setting): string {
  const secret = setting.secret === true ? " (secret)" : "";
  const cells = [
    `\`${name}\`${secret}`,
    setting.meaning,
    setting.default === undefined ? (setting.defaultNote ?? "none") : `\`${setting.default}\``,
    setting.example.startsWith("(") ? setting.example : `\`${setting.example}\``,
    setting.constraints,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

if (import.meta.main) {
  writeFileSync(new URL("../../../docs/configuration.md", import.meta.url), renderSettings());
}
