import type { Exchange } from "./http-exchange.js";

/** One sentence on why an exchange brought nothing to go on with. */
export function describeRefusal(exchange: Exchange): string {
  if (exchange.response === undefined) return exchange.failure;
  const { status, json } = exchange.response;
  if (json === undefined) return `The server answered with status ${status}, but not with JSON.`;
  const { error, error_description: description } = json;
  if (typeof error !== "string") {
    return `The server answered with status ${status}, but without what was asked for.`;
  }
  return `The server refused this: ${joinError(error, description)}`;
}

/** `invalid_grant (the code has been used).` */
export function joinError(error: string, description: unknown): string {
  return typeof description === "string" && description !== ""
    ? `${error} (${description}).`
    : `${error}.`;
}
