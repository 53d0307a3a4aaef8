import type { Message } from "../lib/message.js";
import { IS_ACCOUNT_VIEW, type AccountViews } from "./account/account-views.js";
import { IS_OUTBOX_VIEW, type OutboxViews } from "./development/outbox-views.js";
import type { AccountChoice } from "./describe-account.js";
import type { ProviderButton } from "./federation/ways-in.js";
import type { AsksForPasskey, PasskeyOfferView } from "./passkeys/passkey-prompt.js";
import { IS_JOURNEY_VIEW, type JourneyViews, type SignInLinks } from "./journey-views.js";
import { IS_SECOND_STEP_VIEW, type SecondStepViews } from "./second-step/second-step-views.js";
import { IS_SIGN_OUT_VIEW, type SignOutViews } from "./sign-out-views.js";
import type { PlaygroundViews } from "./playground/playground-views.js";

/**
 * Every page by the name of its template, `views/<name>.njk`, with what it needs: a row here, and one
 * in `IS_VIEW`. All strings are plain text: templates escape them, and put messages into words (`t`).
 */
export interface Views
  extends PlaygroundViews, AccountViews, JourneyViews, OutboxViews, SecondStepViews, SignOutViews {
  login: LoginView;
  "passkey-offer": PasskeyOfferView;
  "link-account": LinkAccountView;
  "choose-account": ChooseAccountView;
  consent: ConsentView;
  "device-code": DeviceCodeView;
  "device-confirm": DeviceConfirmView;
  "device-done": DeviceDoneView;
  error: ErrorView;
  "interaction-ended": InteractionEndedView;
  "already-signed-in": AlreadySignedInView;
  "cookies-blocked": CookiesBlockedView;
  overloaded: OverloadedView;
  "too-many-attempts": TooManyAttemptsView;
  home: HomeView;
}

export type ViewName = keyof Views;

/** The same rows for run time: a view without a template stops the start. */
export const IS_VIEW: Record<ViewName, true> = {
  ...IS_SECOND_STEP_VIEW,
  ...IS_SIGN_OUT_VIEW,
  login: true,
  "passkey-offer": true,
  "link-account": true,
  "choose-account": true,
  consent: true,
  "device-code": true,
  "device-confirm": true,
  "device-done": true,
  error: true,
  "interaction-ended": true,
  "already-signed-in": true,
  "cookies-blocked": true,
  overloaded: true,
  "too-many-attempts": true,
  home: true,
  ...IS_ACCOUNT_VIEW,
  ...IS_JOURNEY_VIEW,
  ...IS_OUTBOX_VIEW,
  "playground/start": true,
  "playground/session": true,
  "playground/code": true,
};

/** What ties a form to the request that it continues and to this browser. */
interface RequestForm {
  readonly action: string;
  /** Sent as `csrf_token`. */
  readonly csrfToken: string;
  /** Sent as `sealed_request`. */
  readonly sealedRequest: string;
}

interface InClientColours {
  /** Of a stylesheet after the main one. */
  readonly accentUrl?: string | undefined;
}

/** Posts `identifier`, `password` and perhaps `keep=yes`. */
export interface LoginView extends InClientColours, RequestForm, AsksForPasskey, SignInLinks {
  readonly clientName: string | Message;
  /** Of the picture of the client, from here. */
  readonly logoUrl?: string | undefined;
  /** Host of the redirect URI; undefined when it has none (RFC 8252 §7.1). */
  readonly returnHost: string | undefined;
  /** As typed before, kept after an error; "" at first. */
  readonly identifier: string;
  /** The box "Keep me signed in", which posts `keep`, is ticked. */
  readonly keep: boolean;
  readonly error: Message | undefined;
  /** Passwords are a way in. */
  readonly password: boolean;
  readonly providers: readonly ProviderButton[];
  /** Names of providers that cannot do what this request asks for. */
  readonly unfit: readonly string[];
  /** Takes the same two hidden fields. */
  readonly cancelAction: string;
}

/** Posts `password`. */
export interface LinkAccountView extends RequestForm {
  readonly provider: { readonly name: string; readonly icon: string | undefined };
  /** How the person is called at the provider. */
  readonly upstreamName: string;
  /** The address of the account. */
  readonly email: string;
  readonly hasPassword: boolean;
  /** With which the account can be opened, too. */
  readonly providers: readonly ProviderButton[];
  readonly otherUrl: string;
  readonly error: Message | undefined;
}

/** Posts `account`: the handle of the one that was chosen. */
export interface ChooseAccountView extends RequestForm, InClientColours {
  readonly clientName: string;
  readonly returnHost: string | undefined;
  readonly accounts: readonly AccountChoice[];
  readonly otherUrl: string;
  /** Takes the same two hidden fields. */
  readonly cancelAction: string;
}

/** Posts `decision`: `allow` or `deny`. */
export interface ConsentView extends RequestForm, InClientColours {
  readonly client: {
    readonly name: string;
    readonly logoUrl?: string | undefined;
    /** Host of the redirect URI; undefined when it leads to an application on the device. */
    readonly host: string | undefined;
    /** Nobody here has looked at who runs this client. */
    readonly unverified: boolean;
    /** These three are linked only when they are https. */
    readonly uri?: string | undefined;
    readonly policyUri?: string | undefined;
    readonly tosUri?: string | undefined;
  };
  readonly account: { readonly name: string; readonly email: string | undefined };
  /** Items are verb phrases: "See your name". */
  readonly groups: readonly { readonly title: Message; readonly items: readonly Message[] }[];
  readonly resources: readonly { readonly name: string; readonly items: readonly string[] }[];
  /** The client keeps access while the person is away. */
  readonly offline: boolean;
  readonly returnHost: string | undefined;
  /** Takes the same two hidden fields. */
  readonly switchAccountAction: string;
}

/** Posts `xsrf` and `user_code`. */
export interface DeviceCodeView {
  readonly action: string;
  readonly xsrf: string;
  /** As typed before or given in the link; "" at first. */
  readonly userCode: string;
  readonly error: Message | undefined;
}

/** Posts `xsrf`, `user_code`, and `confirm=yes` or `abort=yes`. */
export interface DeviceConfirmView {
  readonly action: string;
  readonly xsrf: string;
  readonly userCode: string;
  readonly clientName: string;
  readonly ipAddress: string;
  readonly userAgent: string;
  readonly requestedAt: Message;
  /** Verb phrases, as on the consent page. */
  readonly scopes: readonly Message[];
}

export interface DeviceDoneView {
  /** Undefined: it is not known any more which it was. */
  readonly clientName: string | undefined;
  readonly outcome: "connected" | "refused";
}

export interface ErrorView {
  readonly heading: Message;
  readonly explanation: Message;
  /** `error` and `error_description` of the protocol, for the developer of the client. */
  readonly errorCode: string | undefined;
  readonly errorDescription: string | undefined;
  readonly requestId: string;
  /** `href` is ours: it is linked as it is. */
  readonly wayOn: { readonly href: string; readonly label: Message } | undefined;
}

/** Its interaction is gone, and with it every copy of its request. */
export interface InteractionEndedView {
  readonly requestId: string;
}

/** Posts `sealed_request`. */
export interface AlreadySignedInView {
  readonly account: string;
  readonly clientName: string | Message;
  readonly continueAction: string;
  readonly sealedRequest: string;
}

export interface CookiesBlockedView {
  readonly host: string;
  readonly testUrl: string;
}

export interface OverloadedView {
  readonly retryAfterSeconds: number;
  /** Safe to open with GET. */
  readonly retryUrl?: string | undefined;
}

export interface TooManyAttemptsView {
  readonly wait: Message;
  /** Safe to open with GET. */
  readonly retryUrl: string | undefined;
}

export interface HomeView {
  readonly accountUrl: string;
  readonly issuer: string;
  readonly discoveryUrl: string;
  readonly developmentMode: boolean;
  readonly playgroundUrl?: string | undefined;
  readonly deviceUrl: string;
}
