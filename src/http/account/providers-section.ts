import type { FederatedIdentity } from "../../accounts/federated-identity.js";
import type { UpstreamProvider } from "../../federation/upstream-provider.js";
import { message, type Message } from "../../lib/message.js";
import { countWaysIn } from "./count-ways-in.js";
import type { AccountDeps } from "./account-deps.js";
import { findWays, identityHandle, listLinked } from "./identity-acts.js";
import type { DescribeSection, SecurityItem } from "./security-section.js";

/** Who else signs the person in, and who could. */
export function createProvidersSection(deps: AccountDeps): DescribeSection {
  const { basePath } = deps;

  function describeIdentity(
    identity: FederatedIdentity,
    { providers, isUsable, isLast }: IdentityFacts,
  ): SecurityItem {
    const provider = findProvider(identity, providers);
    const name = provider?.displayName ?? new URL(identity.issuer).host;
    const last = message("security.last-way");
    return {
      name,
      icon: provider?.icon ?? "organisation",
      badge: isUsable ? undefined : message("security.not-in-use"),
      facts: [identity.display ?? [], ...describeUse(identity), isLast ? last : []].flat(),
      action: isLast
        ? undefined
        : {
            label: message("security.remove"),
            of: name,
            act: "unlink",
            fields: { identity: identityHandle(identity) },
          },
    };
  }

  return async ({ account }) => {
    const [identities, providers, ways, count, choices, linked] = await Promise.all([
      deps.federatedIdentities.listOfAccount(account.id),
      deps.upstreamProviders.list(),
      findWays(deps),
      countWaysIn(deps, account),
      deps.listForSignIn(),
      listLinked(deps, account.id),
    ]);
    if (identities.length === 0 && choices.length === 0) return undefined;
    const usable = identities.filter(({ issuer }) => ways.issuers.includes(issuer));
    const isEnough = count > 1;
    const taken = new Set(linked.map((choice) => choice.id));
    return {
      name: "providers",
      title: message("security.providers"),
      status: message(
        identities.length === 0 ? "security.providers-none" : "security.providers-some",
      ),
      mark: usable.length > 0 ? "done" : "neutral",
      items: identities.map((identity) => {
        const isUsable = usable.includes(identity);
        return describeIdentity(identity, { providers, isUsable, isLast: !isEnough && isUsable });
      }),
      actions: choices
        .filter((choice) => !taken.has(choice.id))
        .map(({ id, displayName, icon }) => ({
          label: message("security.connect", { name: displayName }),
          href: `${basePath}/account/upstream/${id}`,
          icon: icon ?? "organisation",
        })),
    };
  };
}

function describeUse({ linkedAtSeconds, lastUsedAtSeconds: used }: FederatedIdentity): Message[] {
  const dated = (key: string, atSeconds: number) =>
    message(key, { date: { atSeconds, show: "date" } });
  const connected = dated("security.connected-on", linkedAtSeconds);
  return used === undefined ? [connected] : [connected, dated("security.used-on", used)];
}

/** The one of that name may have changed its issuer since. */
function findProvider({ provider, issuer }: FederatedIdentity, all: readonly UpstreamProvider[]) {
  const ofIssuer = all.filter((each) => each.issuer === issuer);
  return ofIssuer.find(({ id }) => id === provider) ?? ofIssuer[0];
}

interface IdentityFacts {
  readonly providers: readonly UpstreamProvider[];
  readonly isUsable: boolean;
  readonly isLast: boolean;
}
