/** A code to type, and the page with the button that does the same. */
interface CodeValues {
  readonly code: string;
  readonly url: string;
  readonly minutes: number;
}

/** What people are sent who have no session here. */
export type AccountMail = {
  readonly to: string;
  /** In which the mail is written. */
  readonly language: string;
  /** After so long it is not worth delivering any more. */
  readonly usefulForSeconds: number;
  /** Delivering it must not show in the time of the answer. */
  readonly isUnhurried?: boolean;
} & (
  | {
      readonly template: "confirm_sign_up" | "reset_password" | "confirm_address";
      readonly values: CodeValues;
    }
  | {
      readonly template: "sign_up_existing" | "address_in_use";
      readonly values: { readonly url: string };
    }
);

export interface AccountMailer {
  /** Resolves when the mail is sure to be sent in time, not when it was. */
  send(mail: AccountMail): Promise<void>;
  /** The work of `send`, for when there is nobody to write to. */
  sendNothing(mail: AccountMail): Promise<void>;
}
