/** What the templates in `views/account/` are told. All strings are plain text. */
import type { Message } from "../../lib/message.js";
import type { ProviderButton } from "../federation/ways-in.js";
import type { AsksForPasskey } from "../passkeys/passkey-prompt.js";
import type { SignInLinks } from "../journey-views.js";
import type { AccountChoice } from "../describe-account.js";
import { IS_EMAIL_VIEW, type EmailViews } from "./email/email-views.js";
import type { FieldProblem } from "./field-problem.js";
import { IS_PASSKEY_VIEW, type PasskeyViews } from "./passkey-views.js";
import type { SecuritySection } from "./security-section.js";

export interface AccountViews extends PasskeyViews, EmailViews {
  "account/sign-ins": SignInsView;
  "account/apps": AppsView;
  "account/sign-in": AccountSignInView;
  "account/confirm": ConfirmView;
  "account/security": SecurityView;
  "account/password": PasswordView;
  "account/activity": ActivityView;
  "account/profile": ProfileView;
  "account/data": DataView;
  "account/delete": DeleteView;
  "account/leaving": LeavingView;
  "account/deletion-requested": DeletionRequestedView;
  "account/link": LinkView;
}

/** Of `IS_VIEW`. */
export const IS_ACCOUNT_VIEW: Record<keyof AccountViews, true> = {
  "account/sign-ins": true,
  "account/apps": true,
  "account/sign-in": true,
  "account/confirm": true,
  "account/security": true,
  "account/password": true,
  "account/activity": true,
  "account/profile": true,
  "account/data": true,
  "account/delete": true,
  "account/leaving": true,
  "account/deletion-requested": true,
  "account/link": true,
  ...IS_PASSKEY_VIEW,
  ...IS_EMAIL_VIEW,
};

/** What every page of a person who is signed in has around it. */
export interface AccountFrame {
  /** Path of the account; forms post to `acts` and `sign-out` below it. */
  readonly base: string;
  /** By which a form says where to lead back. */
  readonly page: string;
  readonly heading: Message;
  /** Sent as `csrf_token`. */
  readonly csrfToken: string;
  readonly person: { readonly name: string; readonly detail: string };
  /** Others are signed in at this browser, too: `everyone=yes` signs all of them out. */
  readonly isOneOfSeveral: boolean;
  readonly pages: readonly {
    readonly href: string;
    readonly label: Message;
    readonly isCurrent: boolean;
  }[];
  /** What was just done. */
  readonly notice: Message | undefined;
}

/** Posts `act` and what it is about to `acts`. */
export interface SignInsView extends AccountFrame {
  readonly current: SignInRow;
  readonly others: readonly (SignInRow & { readonly handle: string })[];
}

export interface SignInRow {
  /** "Firefox on Linux". */
  readonly device: Message;
  readonly place: Message;
  readonly lastUsed: Message;
  readonly signedIn: Message;
  /** Names of the applications that it was used for. */
  readonly apps: readonly string[];
}

/** Posts `act` and `client` to `acts`. */
export interface AppsView extends AccountFrame {
  readonly apps: readonly AppRow[];
}

export interface AppRow {
  readonly clientId: string;
  readonly name: string;
  /** Linked only when it is https. */
  readonly uri: string | undefined;
  /** What it may do, in verb phrases. */
  readonly groups: readonly { readonly title: Message; readonly items: readonly Message[] }[];
  readonly offline: boolean;
  /** "Last used 3 hours ago · you allowed it on 3 November 2026". */
  readonly use: Message;
}

/** Posts `identifier`, `password` and perhaps `keep` to `sign-in`, or `account` to `switch`; and `to`. */
export interface AccountSignInView extends AsksForPasskey, SignInLinks {
  readonly base: string;
  readonly csrfToken: string;
  /** The page that is led to. */
  readonly to: string;
  readonly accounts: readonly AccountChoice[];
  /** The session that this browser had was ended elsewhere, or has expired. */
  readonly wasEnded: boolean;
  readonly identifier: string;
  readonly keep: boolean;
  readonly hasPassword: boolean;
  readonly providers: readonly ProviderButton[];
  readonly error: Message | undefined;
}

/** Posts `password` and `act`. */
export interface ConfirmView extends AsksForPasskey {
  readonly action: string;
  readonly cancelUrl: string;
  readonly csrfToken: string;
  readonly act: string;
  /** In the place of `purpose` in `account.confirm-why`: "sign out Firefox on Linux". */
  readonly purpose: Message;
  readonly person: { readonly name: string; readonly detail: string };
  /** For password managers. */
  readonly username: string;
  readonly hasPassword: boolean;
  /** That the account is linked with. */
  readonly providers: readonly ProviderButton[];
  readonly error: Message | undefined;
}

/** Posts `new-password`, and `password` when there is one. */
export interface PasswordView extends AccountFrame {
  readonly hasPassword: boolean;
  /** For password managers. */
  readonly username: string;
  /** Characters of a new one, at least. */
  readonly minPasswordLength: number;
  readonly problems: readonly FieldProblem[];
}

/** Posts each field by its name, and as `was-` what it showed. */
export interface ProfileView extends AccountFrame {
  readonly action: string;
  /** The provider that it all comes from; then nothing can be changed. */
  readonly manager: string | undefined;
  readonly fields: readonly ProfileFieldView[];
  readonly problems: readonly FieldProblem[];
}

export interface ProfileFieldView {
  readonly name: string;
  readonly label: Message;
  readonly hint: Message | undefined;
  readonly autocomplete: string | undefined;
  readonly options: readonly { readonly value: string; readonly label: string }[] | undefined;
  readonly shown: string;
  readonly value: string;
}

export interface DataView extends AccountFrame {
  readonly exportAction: string;
  readonly deleteUrl: string;
  readonly graceDays: number;
}

/** Posts `username`. */
export interface DeleteView extends AccountFrame {
  readonly action: string;
  readonly cancelUrl: string;
  /** That is to be typed. */
  readonly username: string;
  readonly graceDays: number;
  readonly typed: string;
  readonly problems: readonly FieldProblem[];
}

/** Posts to `deletion/keep` or `sign-out`. */
export interface LeavingView {
  readonly base: string;
  readonly csrfToken: string;
  readonly person: { readonly name: string; readonly detail: string };
  readonly due: Message;
}

export interface DeletionRequestedView {
  readonly told: Message;
  readonly accountUrl: string;
}

export interface ActivityView extends AccountFrame {
  readonly events: readonly ActivityRow[];
  /** How long they are kept. */
  readonly days: number;
  /** Undefined: this is it. */
  readonly firstUrl: string | undefined;
  /** Undefined: there are no older ones. */
  readonly nextUrl: string | undefined;
}

export interface ActivityRow {
  readonly what: Message;
  readonly when: Message;
  readonly device: Message | undefined;
  readonly place: Message | undefined;
  /** It was refused. */
  readonly isWarning: boolean;
}

export interface SecurityView extends AccountFrame {
  readonly sections: readonly SecuritySection[];
}

/** Posts `act=link` and `link` to `acts`. */
export interface LinkView {
  readonly base: string;
  readonly csrfToken: string;
  readonly link: string;
  readonly provider: { readonly name: string; readonly icon: string | undefined };
  readonly upstreamName: string;
  readonly person: { readonly name: string; readonly detail: string };
}
