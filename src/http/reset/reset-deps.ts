import type { ResetPassword } from "../../accounts/reset-password.js";
import type { AccountStore } from "../../accounts/account-store.js";
import type { SignInChoice } from "../../federation/upstream-provider.js";
import type { Audit } from "../../lib/audit.js";
import type { FormGuard } from "../form-guard.js";
import type { JourneyGuard } from "../journey-guard.js";
import type { Journeys } from "../journeys.js";
import type { KnownDevices } from "../known-devices.js";
import type { FormLimits } from "../form-limits.js";
import type { Renderer } from "../render.js";
import type { WayBack, WaysBack } from "../way-back.js";

/** What a reset knows, in the browser that it goes on in. */
export interface ResetState {
  /** As typed; by a link, the name that signs in. */
  readonly identifier: string;
  /** Whose code is to be typed: an account, or nobody. */
  readonly subject: string;
  readonly wayBack: WayBack;
  /** Lets a password be set, once. */
  readonly proof?: string | undefined;
  readonly isDone?: boolean;
}

export interface ResetDeps {
  readonly resetPassword: ResetPassword;
  readonly formLimits: FormLimits;
  readonly knownDevices: Pick<KnownDevices, "remember">;
  readonly accounts: Pick<AccountStore, "find">;
  /** Off where another provider is the only way in. */
  readonly listForSignIn: () => Promise<SignInChoice[]>;
  readonly journeys: Journeys<ResetState>;
  readonly journeyGuard: JourneyGuard;
  readonly waysBack: WaysBack;
  readonly formGuard: FormGuard;
  readonly render: Renderer["render"];
  /** Characters that a password must have. */
  readonly minPasswordLength: number;
  readonly audit: Audit;
  readonly basePath: string;
}
