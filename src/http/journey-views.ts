/** What the pages are told that several journeys have. All strings are plain text. */
import type { Message } from "../lib/message.js";
import type { Wait } from "./form-limits.js";
import type { ResetViews } from "./reset/reset-views.js";
import type { SignUpViews } from "./sign-up/sign-up-views.js";

export interface JourneyViews extends SignUpViews, ResetViews {
  "enter-code": EnterCodeView;
  "follow-link": FollowLinkView;
  "journey-ended": JourneyEndedView;
}

/** The same rows for run time. */
export const IS_JOURNEY_VIEW: Record<keyof JourneyViews, true> = {
  "enter-code": true,
  "follow-link": true,
  "journey-ended": true,
  "sign-up/start": true,
  "sign-up/account": true,
  "sign-up/done": true,
  "reset/start": true,
  "reset/password": true,
  "reset/done": true,
};

/** What a page that signs in offers to who cannot. */
export interface SignInLinks {
  /** Undefined: nobody can make an account for themselves. */
  readonly signUpUrl?: string | undefined;
  /** Undefined: no mail can be sent, or passwords are no way in. */
  readonly resetUrl?: string | undefined;
}

/** Posts `code`. */
export interface EnterCodeView {
  readonly heading: Message;
  /** Where it was sent to. */
  readonly sent: Message;
  readonly action: string;
  readonly csrfToken: string;
  /** Was just sent once more. */
  readonly isSentAgain: boolean;
  readonly error: Message | undefined;
  /** The error is about another code to be sent, and not about the one that was typed. */
  readonly isOfResend?: boolean | undefined;
  readonly resendAction: string;
  /** Until another code can be sent; undefined: at once. */
  readonly resendWait: Wait | undefined;
  /** Other ways on. */
  readonly ways: readonly Way[];
}

export interface Way {
  readonly href: string;
  readonly label: Message;
}

/** Posts `token`. */
export interface FollowLinkView {
  readonly heading: Message;
  readonly explanation: Message;
  readonly action: string;
  readonly csrfToken: string;
  readonly token: string;
  readonly label: Message;
  /** What becomes of who does not press it; undefined: nothing, as nobody asked for it. */
  readonly aside?: Message | undefined;
}

/** The first way is the one that most people want. */
export interface JourneyEndedView {
  readonly heading: Message;
  readonly explanation: Message;
  readonly ways: readonly Way[];
}
