import { formatBasicPair, type PlaygroundRequest } from "./http-exchange.js";

/** Nothing in such a word means anything to a POSIX shell, bash, zsh or fish. */
const PLAIN_WORD = /^[\w./-][\w./:=%@,+-]*$/;

const NEXT_LINE = " \\\n  ";

/** The same request as a command that can be pasted into a terminal; `-i` shows the status, too. */
export function curlCommand({ url, basic, bearer, form }: PlaygroundRequest): string {
  const parts = [`curl -i ${quoteForShell(url)}`];
  if (basic !== undefined) parts.push(`-u ${quoteForShell(formatBasicPair(basic))}`);
  if (bearer !== undefined) parts.push(`-H ${quoteForShell(`Authorization: Bearer ${bearer}`)}`);
  for (const [name, value] of Object.entries(form ?? {})) {
    parts.push(`-d ${quoteForShell(`${name}=${encodeFormValue(value)}`)}`);
  }
  return parts.join(NEXT_LINE);
}

export interface Redemption {
  /** Undefined: it goes into a shell variable, too. */
  readonly tokenEndpoint: string | undefined;
  readonly code: string;
  readonly redirectUri: string;
}

/** Redeems a code for a client whose id, secret and code verifier are in shell variables. */
export function redemptionCommand({ tokenEndpoint, code, redirectUri }: Redemption): string {
  const url = tokenEndpoint === undefined ? '"$TOKEN_ENDPOINT"' : quoteForShell(tokenEndpoint);
  return [
    `curl -u "$CLIENT_ID:$CLIENT_SECRET" ${url}`,
    "-d grant_type=authorization_code",
    `-d ${quoteForShell(`code=${encodeFormValue(code)}`)}`,
    `-d ${quoteForShell(`redirect_uri=${encodeFormValue(redirectUri)}`)}`,
    '-d code_verifier="$CODE_VERIFIER"',
  ].join(NEXT_LINE);
}

function quoteForShell(text: string): string {
  return PLAIN_WORD.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * `curl -d` sends a value as it stands, so it is encoded here: all but what is readable and means
 * nothing in a form. Line breaks and other control characters never reach the terminal.
 */
function encodeFormValue(value: string): string {
  return encodeURIComponent(value.toWellFormed())
    .replaceAll(/%3A/g, ":")
    .replaceAll(/%2F/g, "/")
    .replaceAll(
      /[!'()*~]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
}
