import type { Demonstration } from "./create-demonstration.js";

export interface BannerFacts {
  readonly issuer: string;
  readonly dataDirectory: string;
  /** Whether mail is sent, and not kept. */
  readonly smtp: unknown;
  /** Undefined when it was made by an earlier start. */
  readonly demonstration: Demonstration | undefined;
}

/** What a start in development mode tells the person at the terminal. */
export function formatBanner({ issuer, dataDirectory, smtp, demonstration }: BannerFacts): string {
  const rows: [string, string][] = [
    ["Issuer", issuer],
    ["Discovery", `${issuer}/.well-known/openid-configuration`],
    ["Playground", `${issuer}/playground`],
    ...(smtp === undefined ? [["Mail", `${issuer}/development/outbox`] as [string, string]] : []),
    ["Data", `${dataDirectory} (delete it to begin anew)`],
    ...secretRows(demonstration),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`);
  return `\nLatchkey, in development mode: not for production (docs/configuration.md)\n\n${lines.join("\n")}\n\n`;
}

function secretRows(demonstration: Demonstration | undefined): [string, string][] {
  if (demonstration === undefined) {
    return [
      [
        "Account",
        "as printed at the first start; new password: npm run -s latchkey -- account set-password demo",
      ],
      ["Machine client", "new secret: npm run -s latchkey -- client rotate-secret demo-machine"],
      ["Registration", "new token: npm run -s latchkey -- initial-access-token create"],
    ];
  }
  const { username, password, machineClientId, machineClientSecret, initialAccessToken } =
    demonstration;
  return [
    ["Account", `${username}  password  ${password}`],
    ["Machine client", `${machineClientId}  secret  ${machineClientSecret}`],
    ["Registration", `initial access token  ${initialAccessToken}`],
    ["", "These are shown once."],
  ];
}
