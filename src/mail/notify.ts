/**
 * Tells people what happened to their account, so that they notice what was not them (ASVS 5.0
 * 6.3.5, 6.3.7). Whatever changes something about security calls it afterwards.
 */
import type { Clock } from "../lib/clock.js";
import type { Logger } from "../lib/logger.js";
import type { Mailer } from "./mailer.js";
import type { NoticeKind, NoticeValues } from "./mail-templates.js";

export interface NoticeFacts extends Pick<NoticeValues, "device" | "place" | "name"> {
  /** Of the request that caused it; an account that says one counts more. */
  readonly language?: string | undefined;
  /** To whom, where it is not the address that the account has now. */
  readonly to?: string | undefined;
  /** Where whoever it was not goes, if not to the page for that; undefined: nowhere. */
  readonly notMeUrl?: string | undefined;
  /** Until when, and by which link, what is told of can be taken back by whoever it was. */
  readonly keep?:
    | { readonly untilSeconds: number; readonly issueUrl: () => Promise<string> }
    | undefined;
}

export interface Recipient {
  readonly to: string;
  readonly language: string | undefined;
}

/** Never rejects and waits for no mail server: what happened has happened. */
export type Notify = (accountId: string, kind: NoticeKind, facts?: NoticeFacts) => Promise<void>;

export interface NotifyDeps {
  readonly mailer: Pick<Mailer, "isOn" | "send">;
  /** The verified address of an account; undefined: it has none. */
  readonly findRecipient: (accountId: string) => Promise<Recipient | undefined>;
  /** Where whoever it was not goes; counts once. */
  readonly issueNotMeUrl: (accountId: string, kind: NoticeKind) => Promise<string>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "warn">;
}

/** After these, there is nothing left to protect. */
const WITHOUT_WAY_BACK: ReadonlySet<NoticeKind> = new Set(["account_deleted", "account_disabled"]);

export function createNotify(deps: NotifyDeps): Notify {
  const { mailer, findRecipient, issueNotMeUrl, clock, logger } = deps;

  function findWayBack(accountId: string, kind: NoticeKind, facts: NoticeFacts) {
    if ("notMeUrl" in facts) return facts.notMeUrl;
    return WITHOUT_WAY_BACK.has(kind) ? undefined : issueNotMeUrl(accountId, kind);
  }

  async function tell(accountId: string, kind: NoticeKind, facts: NoticeFacts): Promise<void> {
    const { to, language, device, place, name } = facts;
    const atSeconds = clock.nowSeconds();
    const recipient = await findRecipient(accountId);
    const address = to ?? recipient?.to;
    if (address === undefined) return;
    const notMeUrl = await findWayBack(accountId, kind, facts);
    const keep =
      facts.keep === undefined
        ? undefined
        : { untilSeconds: facts.keep.untilSeconds, url: await facts.keep.issueUrl() };
    await mailer.send({
      to: address,
      language: recipient?.language ?? language ?? "en",
      template: kind,
      values: { atSeconds, device, place, name, keep, notMeUrl },
      accountId,
    });
  }

  return async (accountId, kind, facts = {}) => {
    if (!mailer.isOn) return;
    try {
      await tell(accountId, kind, facts);
    } catch (err) {
      logger.warn({ err, accountId, kind }, "a security notice could not be left for delivery");
    }
  };
}
