import type { Message } from "../lib/message.js";

/** Something wrong with a field, in words; `field` is the id of the element that it leads to. */
export interface FieldError {
  readonly field: string;
  readonly text: Message;
}
