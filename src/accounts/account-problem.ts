import type { Message, MessageValues } from "../lib/message.js";

/** What is wrong with the data of an account, for the person who gave it. */
export interface AccountProblem extends Message {
  /** The same in English, for commands, logs and protocol answers. */
  readonly english: string;
}

export function accountProblem(
  key: string,
  english: string,
  values?: MessageValues,
): AccountProblem {
  return values === undefined ? { key, english } : { key, english, values };
}
