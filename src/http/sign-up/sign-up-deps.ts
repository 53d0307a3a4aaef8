import type { SignUp } from "../../accounts/sign-up.js";
import type { SignInChoice } from "../../federation/upstream-provider.js";
import type { Audit } from "../../lib/audit.js";
import type { Clock } from "../../lib/clock.js";
import type { BrowserAccounts } from "../../oidc/browser-accounts.js";
import type { FormGuard } from "../form-guard.js";
import type { JourneyGuard } from "../journey-guard.js";
import type { Journeys } from "../journeys.js";
import type { FormLimits } from "../form-limits.js";
import type { PasskeyCeremonies } from "../passkeys/passkey-ceremonies.js";
import type { Renderer } from "../render.js";
import type { WayBack, WaysBack } from "../way-back.js";

/** What a sign-up knows, in the browser that it goes on in. */
export interface SignUpState {
  readonly email: string;
  /** Version and time of the agreement. */
  readonly terms?: { readonly version: string; readonly acceptedAtSeconds: number } | undefined;
  readonly wayBack: WayBack;
  /** The address is confirmed until then. */
  readonly confirmedUntilSeconds?: number | undefined;
  /** There is an account now. */
  readonly isDone?: boolean;
}

export interface SignUpDeps {
  readonly signUp: SignUp;
  readonly formLimits: FormLimits;
  /** Off where another provider is the only way in. */
  readonly listForSignIn: () => Promise<SignInChoice[]>;
  readonly journeys: Journeys<SignUpState>;
  readonly journeyGuard: JourneyGuard;
  readonly waysBack: WaysBack;
  readonly passkeyCeremonies: Pick<PasskeyCeremonies, "askForFirst" | "readFirst">;
  readonly browserAccounts: Pick<BrowserAccounts, "findCurrent">;
  readonly formGuard: FormGuard;
  readonly render: Renderer["render"];
  /** Characters that a password must have. */
  readonly minPasswordLength: number;
  readonly terms: { readonly url: string; readonly version: string } | undefined;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly basePath: string;
}
