import type { KoaContextWithOIDC } from "oidc-provider";
import type { SignOutEffects } from "./signed-out-notes.js";

/** Pages that the library asks its host to show; `http/` renders them. */
export interface ProviderPages {
  renderError(ctx: KoaContextWithOIDC, page: ErrorPage): Promise<void>;
  renderLogout(ctx: KoaContextWithOIDC, page: LogoutPage): Promise<void>;
  renderSignedOut(ctx: KoaContextWithOIDC, page: SignedOutPage): Promise<void>;
  renderSignOutElsewhere(ctx: KoaContextWithOIDC, page: SignOutElsewherePage): Promise<void>;
  renderUserCodeInput(ctx: KoaContextWithOIDC, page: UserCodeInputPage): Promise<void>;
  renderUserCodeConfirm(ctx: KoaContextWithOIDC, page: UserCodeConfirmPage): Promise<void>;
  renderDeviceDone(ctx: KoaContextWithOIDC, page: DeviceDonePage): Promise<void>;
  /** The browser sent no session cookie with a form that needs one. */
  renderSessionLost(ctx: KoaContextWithOIDC): Promise<void>;
  /** Lets the forms of the answer lead to `address`, which the client registered. */
  allowFormReturn(ctx: KoaContextWithOIDC, address: string | undefined): void;
}

export interface ErrorPage {
  readonly error: string;
  readonly errorDescription: string | undefined;
  /** The browser came back from an interaction that expired, was done or is not its own. */
  readonly lostInteraction: boolean;
}

export interface LogoutPage {
  /** Where the form posts to, with `xsrf` and, to sign out, `logout=yes`. */
  readonly action: string;
  readonly xsrf: string;
  readonly clientName: string | undefined;
}

export interface SignedOutPage {
  /** Undefined effects and a client: the person chose to stay, and only it was signed out of. */
  readonly effects: SignOutEffects | undefined;
  readonly clientName: string | undefined;
  readonly clientUri: string | undefined;
}

/** Signed out here, the browser goes on to the provider that the sign-in was at. */
export interface SignOutElsewherePage {
  readonly displayName: string;
  readonly url: string;
}

export interface UserCodeInputPage {
  readonly action: string;
  readonly xsrf: string;
  readonly userCode: string;
  readonly problem:
    | undefined
    | "missing"
    | "unknown"
    | "expired"
    | "used"
    | "refused"
    | "failed"
    /** The answer says in `Retry-After` when the next is looked at. */
    | "too_many";
}

export interface UserCodeConfirmPage {
  readonly action: string;
  readonly xsrf: string;
  readonly userCode: string;
  readonly clientName: string;
  readonly ipAddress: string;
  readonly userAgent: string;
  readonly requestedAtSeconds: number;
  readonly scopes: readonly string[];
}

export interface DeviceDonePage {
  readonly clientName: string | undefined;
}
