import type { Message } from "../../lib/message.js";

/** What is wrong with a field of a form. */
export interface FieldProblem {
  /** Its `id` and `name`. */
  readonly field: string;
  readonly text: Message | string;
}
