import type { AccountEventStore } from "../../accounts/account-event-store.js";
import type { AccountId } from "../../accounts/account.js";
import type { SecondSteps } from "../../accounts/second-steps.js";
import type { Factors } from "../../oidc/next-step.js";
import type { AccountStore } from "../../accounts/account-store.js";
import type { ChangeEmail } from "../../accounts/change-email.js";
import type { SetPassword } from "../../accounts/create-account.js";
import type { ChangeProfile } from "../../accounts/change-profile.js";
import type { DeleteAccount } from "../../accounts/delete-account.js";
import type { FederatedIdentityStore } from "../../accounts/federated-identity-store.js";
import type { FederatedSignIn } from "../../accounts/federated-sign-in.js";
import type { KeepByLink } from "../../accounts/keep-by-link.js";
import type { LinkIdentity } from "../../accounts/link-identity.js";
import type { NotMe } from "../../accounts/not-me.js";
import type { PasskeyStore } from "../../accounts/passkey-store.js";
import type { SignIn } from "../../accounts/sign-in.js";
import type { ClientStore } from "../../clients/client-store.js";
import type { ResourceServerStore } from "../../clients/resource-server-store.js";
import type { SignInChoice, UpstreamProviderStore } from "../../federation/upstream-provider.js";
import type { Audit } from "../../lib/audit.js";
import type { Clock } from "../../lib/clock.js";
import type { Sealer } from "../../lib/seal.js";
import type { Notify } from "../../mail/notify.js";
import type { AuthenticationDemand } from "../../oidc/authentication-demand.js";
import type { ExportAccount } from "../../oidc/export-account.js";
import type { Leaving } from "./leaving.js";
import type { BrowserAccounts, HeldSession } from "../../oidc/browser-accounts.js";
import type { Sessions } from "../../oidc/create-sessions.js";
import type { UpstreamSignOut } from "../../oidc/upstream-sign-out.js";
import type { SignedOutNotes } from "../../oidc/signed-out-notes.js";
import type { UpstreamFailures } from "../federation/upstream-failures.js";
import type { UpstreamSignIns } from "../federation/upstream-sign-ins.js";
import type { FormGuard } from "../form-guard.js";
import type { FormLimits } from "../form-limits.js";
import type { KnownDevices } from "../known-devices.js";
import type { PasskeyCeremonies } from "../passkeys/passkey-ceremonies.js";
import type { SignInAsides } from "../journey-routes.js";
import type { Renderer } from "../render.js";
import type { PendingSignIns } from "../second-step/pending-sign-in.js";
import type { SecondStepFlow } from "../second-step/second-step-flow.js";
import type { ShowSecondStep } from "../second-step/show-second-step.js";
import type { SignInHub } from "../sign-in-hub.js";

export interface AccountDeps {
  readonly browserAccounts: BrowserAccounts;
  readonly sessions: Pick<Sessions, "sessionDirectory" | "endSessions" | "listApps">;
  readonly signedOutNotes: SignedOutNotes;
  readonly resourceServers: Pick<ResourceServerStore, "find">;
  readonly signInHub: Pick<SignInHub, "completeAccountSignIn">;
  readonly pendingSignIns: PendingSignIns;
  readonly secondStepFlow: SecondStepFlow;
  readonly showSecondStep: ShowSecondStep;
  readonly secondSteps: SecondSteps;
  readonly findFactors: (id: AccountId) => Promise<Factors>;
  /** People may set up a second step. */
  readonly isOffered: boolean;
  readonly ownDemand: AuthenticationDemand;
  readonly signIn: SignIn;
  readonly knownDevices: KnownDevices;
  readonly formLimits: FormLimits;
  /** Counts also where passwords are no way in. */
  readonly provePassword: SignIn;
  readonly leaving: Leaving;
  readonly exportAccount: ExportAccount;
  readonly deleteAccount: Pick<DeleteAccount, "request" | "keep">;
  /** Ends all else that the account has open. */
  readonly changePassword: SetPassword;
  /** Tells the person by mail. */
  readonly notify: Notify;
  readonly accountEvents: Pick<AccountEventStore, "listOfAccount">;
  readonly clients: Pick<ClientStore, "find">;
  readonly settings: {
    readonly activitySeconds: number;
    readonly deletionGraceSeconds: number;
    readonly profileClaims: readonly string[];
    readonly passwordMinLength: number;
  };
  readonly changeProfile: ChangeProfile;
  readonly accounts: Pick<AccountStore, "find" | "findForSignIn">;
  /** These three are undefined where no mail can be sent. */
  readonly keepByLink: KeepByLink | undefined;
  readonly changeEmail: ChangeEmail | undefined;
  readonly notMe: NotMe | undefined;
  readonly federatedIdentities: FederatedIdentityStore;
  readonly federatedSignIn: FederatedSignIn;
  readonly linkIdentity: LinkIdentity;
  readonly upstreamProviders: Pick<UpstreamProviderStore, "list">;
  readonly listForSignIn: () => Promise<SignInChoice[]>;
  readonly upstreamSignIns: UpstreamSignIns;
  readonly upstreamFailures: UpstreamFailures;
  readonly upstreamSignOut: Pick<UpstreamSignOut, "findElsewhere">;
  readonly passkeys: PasskeyStore;
  readonly passkeyCeremonies: PasskeyCeremonies;
  readonly asides: SignInAsides;
  readonly arePasskeysOn: () => Promise<boolean>;
  readonly formGuard: FormGuard;
  /** For what a browser keeps for itself. */
  readonly browserSealer: Sealer;
  readonly render: Renderer["render"];
  readonly audit: Audit;
  readonly clock: Clock;
  readonly basePath: string;
  readonly issuer: string;
}

/** A form of a page of the person `current`, once its guard has passed. */
export interface AccountForm {
  readonly current: HeldSession;
  readonly fields: Readonly<Record<string, string>>;
}
