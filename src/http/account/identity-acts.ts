import { hash } from "node:crypto";
import type { AccountId } from "../../accounts/account.js";
import type { FederatedIdentity, UpstreamPerson } from "../../accounts/federated-identity.js";
import { findUsable } from "../../federation/sign-in-choices.js";
import type { SignInChoice } from "../../federation/upstream-provider.js";
import type { Clock } from "../../lib/clock.js";
import { message, type Message } from "../../lib/message.js";
import type { Sealer } from "../../lib/seal.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";
import type { AccountDeps } from "./account-deps.js";

/** What changes with whom else a person signs in. */
export type IdentityAct =
  /** Does nothing but take a fresh sign-in, after which a provider may be gone to. */
  | { readonly kind: "prepare-link"; readonly provider: string }
  /** `link`: a sealed `LinkOffer`. */
  | { readonly kind: "link"; readonly link: string }
  /** `identity`: its handle. */
  | { readonly kind: "unlink"; readonly identity: string };

export function isIdentityAct(act: { readonly kind: string }): act is IdentityAct {
  return ["prepare-link", "link", "unlink"].includes(act.kind);
}

export function parseIdentityAct(
  fields: Readonly<Record<string, string>>,
): IdentityAct | undefined {
  const { act: kind, link = "", identity = "" } = fields;
  if (kind === "link") return { kind, link };
  return kind === "unlink" ? { kind, identity } : undefined;
}

/** An identity that its owner has just proven at the provider, to be linked if they say so. */
export interface LinkOffer {
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | undefined;
  readonly username: string | undefined;
}

/** 10 min: the person looks at the page that asks. */
const MAX_AGE_SECONDS = 600;

/** Offers lie in the page of the very session in which the identity was proven. */
export function createLinkOffers(sealer: Sealer, clock: Clock) {
  const contextOf = (uid: string) => `account-link:${uid}`;
  return {
    seal: (offer: LinkOffer, uid: string) =>
      sealer.seal(JSON.stringify({ offer, at: clock.nowSeconds() }), contextOf(uid)),
    /** @returns undefined for anything forged, of another session, or too old. */
    open(sealed: string, uid: string): LinkOffer | undefined {
      const json = sealer.open(sealed, contextOf(uid));
      if (json === undefined) return undefined;
      const { offer, at }: { offer: LinkOffer; at: number } = JSON.parse(json);
      return clock.nowSeconds() - at > MAX_AGE_SECONDS ? undefined : offer;
    },
  };
}

/** The public name of an identity on its owner's pages. */
export function identityHandle({ issuer, subject }: FederatedIdentity): string {
  return hash("sha256", JSON.stringify([issuer, subject]), "base64url");
}

/** The providers in use that the account is linked with. */
export async function listLinked(
  deps: Pick<AccountDeps, "federatedIdentities" | "upstreamProviders" | "listForSignIn">,
  accountId: AccountId,
): Promise<SignInChoice[]> {
  const [identities, providers, choices] = await Promise.all([
    deps.federatedIdentities.listOfAccount(accountId),
    deps.upstreamProviders.list(),
    deps.listForSignIn(),
  ]);
  const linked = new Set(identities.map(({ issuer }) => issuer));
  const issuerOf = new Map(providers.map(({ id, issuer }) => [id, issuer]));
  return choices.filter(({ id }) => linked.has(issuerOf.get(id) ?? ""));
}

/** With what people may sign in now. */
export async function findWays(
  deps: Pick<AccountDeps, "upstreamProviders" | "listForSignIn" | "arePasskeysOn">,
) {
  const [providers, choices, passkeys] = await Promise.all([
    deps.upstreamProviders.list(),
    deps.listForSignIn(),
    deps.arePasskeysOn(),
  ]);
  const usable = new Set(choices.map(({ id }) => id));
  return {
    password: !choices.some(({ only }) => only),
    passkeys,
    issuers: providers.filter(({ id }) => usable.has(id)).map(({ issuer }) => issuer),
  };
}

export function createIdentityActs(deps: AccountDeps) {
  const { federatedIdentities, linkIdentity, upstreamProviders, audit, notify } = deps;
  const offers = createLinkOffers(deps.browserSealer, deps.clock);

  async function nameOf(id: string | undefined): Promise<string | Message> {
    const provider = (await upstreamProviders.list()).find((each) => each.id === id);
    return provider?.displayName ?? id ?? message("federation.other-site");
  }

  async function findOwn(handle: string, { account }: HeldSession) {
    const identities = await federatedIdentities.listOfAccount(account.id);
    return identities.find((identity) => identityHandle(identity) === handle);
  }

  async function link(sealed: string, { uid, account }: HeldSession): Promise<Message> {
    const offer = offers.open(sealed, uid);
    const provider =
      offer === undefined ? undefined : await findUsable(upstreamProviders, offer.provider);
    if (offer === undefined || provider === undefined) {
      return message("account.link-too-late");
    }
    const { outcome } = await linkIdentity(account.id, personOf(offer), provider);
    const reason = outcome === "linked" ? undefined : outcome;
    tell("identity.linked", account.id, { provider: provider.id, reason, issuer: offer.issuer });
    if (outcome === "linked") {
      await notify(account.id, "identity_linked", { name: provider.displayName });
    }
    return outcome === "linked"
      ? message("account.linked", { provider: provider.displayName })
      : message("account.link-taken");
  }

  async function unlink(handle: string, current: HeldSession): Promise<Message> {
    const { id } = current.account;
    const identity = await findOwn(handle, current);
    const name = await nameOf(identity?.provider);
    const outcome =
      identity === undefined
        ? "not_linked"
        : await federatedIdentities.unlink(id, identity, await findWays(deps));
    if (identity === undefined || outcome === "not_linked") return message("account.unlink-gone");
    const { issuer, provider } = identity;
    const reason = outcome === "unlinked" ? undefined : outcome;
    tell("identity.unlinked", id, { provider, issuer, reason });
    if (outcome === "unlinked") await notify(id, "identity_unlinked", { name });
    return outcome === "unlinked"
      ? message("account.unlinked", { provider: name })
      : message("account.unlink-last", { provider: name });
  }

  function tell(
    event: "identity.linked" | "identity.unlinked",
    accountId: AccountId,
    { provider, issuer, reason }: { provider: string; issuer: string; reason: string | undefined },
  ): void {
    const outcome = reason === undefined ? "success" : "failure";
    audit({ event, outcome, reason, accountId, provider, upstreamIssuer: issuer, by: "account" });
  }

  return {
    async describe(act: IdentityAct, current: HeldSession): Promise<Message> {
      if (act.kind === "unlink") {
        const identity = await findOwn(act.identity, current);
        const provider = await nameOf(identity?.provider);
        return message("account.act-remove", { provider });
      }
      const id = act.kind === "link" ? offers.open(act.link, current.uid)?.provider : act.provider;
      return message("account.act-connect", { provider: await nameOf(id) });
    },
    async perform(act: IdentityAct, current: HeldSession): Promise<Message> {
      if (act.kind === "link") return link(act.link, current);
      if (act.kind === "unlink") return unlink(act.identity, current);
      return message("account.link-ready", { provider: await nameOf(act.provider) });
    },
  };
}

function personOf({ issuer, subject, email, username }: LinkOffer): UpstreamPerson {
  return { issuer, subject, claims: { email, emailVerified: false, username, profile: {} } };
}
