import type { AccountStore } from "../accounts/account-store.js";
import type { FederatedIdentityStore } from "../accounts/federated-identity-store.js";
import type { FederatedSignIn } from "../accounts/federated-sign-in.js";
import type { LinkIdentity } from "../accounts/link-identity.js";
import type { SignIn } from "../accounts/sign-in.js";
import type { ClientStore } from "../clients/client-store.js";
import type { ResourceServerStore } from "../clients/resource-server-store.js";
import type { SignInChoice, UpstreamProviderStore } from "../federation/upstream-provider.js";
import type { Audit } from "../lib/audit.js";
import type { Notify } from "../mail/notify.js";
import type { Clock } from "../lib/clock.js";
import type { FindDemand } from "../oidc/authentication-demand.js";
import type { BrowserAccounts } from "../oidc/browser-accounts.js";
import type { Interactions } from "../oidc/interactions.js";
import type { SealedRequest } from "../oidc/sealed-request.js";
import type { PendingLinks } from "./federation/pending-link.js";
import type { FindAccentUrl } from "./client-colours.js";
import type { FormGuard } from "./form-guard.js";
import type { KnownDevices } from "./known-devices.js";
import type { LimitAttempts } from "./limit-attempts.js";
import type { PasskeyCeremonies } from "./passkeys/passkey-ceremonies.js";
import type { Renderer } from "./render.js";
import type { ResetStart } from "./reset/reset-start.js";
import type { PendingSignIns } from "./second-step/pending-sign-in.js";
import type { SecondStepFlow } from "./second-step/second-step-flow.js";
import type { SignInHub } from "./sign-in-hub.js";
import type { SignUpStart } from "./sign-up/sign-up-start.js";

export interface InteractionRoutesDeps {
  readonly interactions: Interactions;
  readonly browserAccounts: BrowserAccounts;
  readonly signInHub: SignInHub;
  /** Undefined: nobody can make an account for themselves. */
  readonly signUpStart: SignUpStart | undefined;
  /** Undefined: no mail can be sent. */
  readonly resetStart: ResetStart | undefined;
  readonly pendingSignIns: PendingSignIns;
  readonly secondStepFlow: SecondStepFlow;
  readonly findDemand: FindDemand;
  readonly signIn: SignIn;
  readonly knownDevices: KnownDevices;
  readonly limitAttempts: LimitAttempts;
  readonly accounts: AccountStore;
  readonly clients: ClientStore;
  readonly resourceServers: ResourceServerStore;
  readonly upstreamProviders: Pick<UpstreamProviderStore, "find" | "list">;
  /** The providers that may be used now. */
  readonly listForSignIn: () => Promise<SignInChoice[]>;
  readonly federatedIdentities: FederatedIdentityStore;
  readonly federatedSignIn: FederatedSignIn;
  readonly linkIdentity: LinkIdentity;
  readonly pendingLinks: PendingLinks;
  /** Counts also where passwords are no way in. */
  readonly provePassword: SignIn;
  readonly passkeyCeremonies: PasskeyCeremonies;
  readonly findAccentUrl: FindAccentUrl;
  readonly formGuard: FormGuard;
  readonly render: Renderer["render"];
  /** Tells the person by mail. */
  readonly notify: Notify;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly basePath: string;
  readonly issuer: string;
}

/** What a form of an interaction posts, once its guard has passed. */
export interface InteractionForm {
  readonly uid: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly sealed: SealedRequest | undefined;
}
