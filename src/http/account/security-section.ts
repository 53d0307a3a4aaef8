import type { Message } from "../../lib/message.js";
import type { HeldSession } from "../../oidc/browser-accounts.js";

/** One part of `/account/security`: a way in, or what guards one. */
export interface SecuritySection {
  /** Its anchor on the page; unique. */
  readonly name: string;
  readonly title: Message;
  /** One sentence: how things stand. */
  readonly status: Message;
  /** `attention`: the person should do something; `neutral`: it is theirs to choose. */
  readonly mark: "done" | "attention" | "neutral";
  /** What there are several of, such as connected providers. */
  readonly items: readonly SecurityItem[];
  readonly actions: readonly SecurityAction[];
}

export interface SecurityItem {
  readonly name: string;
  /** As in `partials/provider-icons.njk`: any name without a picture is that of an organisation. */
  readonly icon: string | undefined;
  readonly badge: Message | undefined;
  /** Short sentences, one below the other. */
  readonly facts: readonly (Message | string)[];
  readonly action: SecurityAction | undefined;
}

export type SecurityAction = LinkAction | ActAction;

interface NamedAction {
  readonly label: Message;
  /** For who hears it without seeing what is beside it: "Remove" of what. */
  readonly of?: string | undefined;
}

export interface LinkAction extends NamedAction {
  readonly href: string;
  readonly icon?: string | undefined;
}

/** Posts `act` and `fields` to `acts`, which asks for a fresh sign-in first. */
export interface ActAction extends NamedAction {
  readonly act: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** @returns undefined: there is nothing of it here. */
export type DescribeSection = (current: HeldSession) => Promise<SecuritySection | undefined>;
