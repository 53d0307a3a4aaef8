import type { Context } from "koa";

const PARAMETERS = ["code", "state", "iss", "error", "error_description"] as const;

/** The parameters of an authorization response (RFC 6749 §4.1.2, RFC 9207 §2). */
export type Answer = { readonly [name in (typeof PARAMETERS)[number]]?: string };

/** What is absent, empty or given twice is left out (RFC 6749 §3.1). */
export function readAnswer({ query }: Context): Answer {
  return Object.fromEntries(
    PARAMETERS.flatMap((name) => {
      const value = query[name];
      return typeof value === "string" && value !== "" ? [[name, value]] : [];
    }),
  );
}
