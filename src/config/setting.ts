import type { z } from "zod";

export type SettingGroup =
  | "Server"
  | "Storage and secrets"
  | "Tokens"
  | "Sessions"
  | "Second step"
  | "Sign-in at other providers"
  | "Protocol"
  | "Accounts"
  | "Mail"
  | "Pages"
  | "Passwords"
  | "Limits on attempts"
  | "Passkeys"
  | "Sign-up";

/** One environment variable: how it is read and how it is explained. */
export interface Setting {
  readonly group: SettingGroup;
  /** Markdown: what it decides. */
  readonly meaning: string;
  /** From text to value. What it accepts is told in `constraints`. */
  readonly type: z.ZodType<unknown, string>;
  /** Read as if it had been given. */
  readonly default?: string;
  /** Markdown, where the default depends on other settings or there is none. */
  readonly defaultNote?: string;
  /** A value for documentation and error messages; never a usable secret. */
  readonly example: string;
  /** Markdown: what is accepted. */
  readonly constraints: string;
  /** Its value is never shown. */
  readonly secret?: true;
}
