/** What the pages about signing out are told. */
export interface SignOutViews {
  logout: LogoutView;
  "signed-out": SignedOutView;
  "sign-out-elsewhere": SignOutElsewhereView;
}

export const IS_SIGN_OUT_VIEW: Record<keyof SignOutViews, true> = {
  logout: true,
  "signed-out": true,
  "sign-out-elsewhere": true,
};

/** Posts `xsrf`, and `logout=yes` for signing out. */
export interface LogoutView {
  readonly action: string;
  readonly xsrf: string;
  readonly clientName: string | undefined;
  readonly account: string | undefined;
}

export interface SignedOutView {
  /** Only the application `clientName` was signed out of. */
  readonly stayed: boolean;
  /** Names of applications. */
  readonly effects: Readonly<Record<"told" | "untold" | "offline", readonly string[]>>;
  /** Names of people who are signed in at this browser all the same. */
  readonly stillHere: readonly string[];
  readonly accountUrl: string;
  readonly clientName: string | undefined;
  /** Linked only when it is a web address. */
  readonly clientUri: string | undefined;
}

/** The browser goes on by itself. */
export interface SignOutElsewhereView {
  readonly displayName: string;
  readonly url: string;
}
