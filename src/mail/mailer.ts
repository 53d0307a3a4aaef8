/**
 * Where whatever has something to say by mail leaves it. Owns that it is durable and sealed; does not
 * own when it is delivered (`mail-delivery.ts`) or how it reads (`views/mail`).
 */
import type { Clock } from "../lib/clock.js";
import { randomToken } from "../lib/random-token.js";
import type { MailStore } from "./mail-store.js";
import type { MailTemplate, MailTemplates } from "./mail-templates.js";
import type { SealedMails } from "./sealed-mail.js";

export interface MailRequest<Template extends MailTemplate = MailTemplate> {
  readonly to: string;
  /** A language of ours or any other tag: the nearest one counts. */
  readonly language: string;
  readonly template: Template;
  readonly values: MailTemplates[Template];
  readonly accountId?: string | undefined;
  /** How long it is tried; as long as a code in it counts. A day unless told. */
  readonly usefulForSeconds?: number;
  /** Found at the next look, not at once: else delivering it would show in the time of the answer. */
  readonly isUnhurried?: boolean;
}

export interface Mailer {
  /** Whether mail reaches anybody, an outbox page included: else what needs mail is off. */
  readonly isOn: boolean;
  /** Resolves when it is durable: in one statement, without waiting for a mail server. */
  send<Template extends MailTemplate>(mail: MailRequest<Template>): Promise<void>;
  /** Costs what `send` costs, and nothing is sent: an answer's time then does not tell which it was. */
  sendNothing<Template extends MailTemplate>(mail: MailRequest<Template>): Promise<void>;
  /** Is called when this process enqueued something. */
  subscribe(listener: () => void): void;
}

export interface MailerDeps {
  readonly mailStore: Pick<MailStore, "enqueue" | "keep" | "discard">;
  readonly sealedMails: SealedMails;
  readonly clock: Clock;
  /** `smtp`: sent; `outbox`: kept to be looked at; `off`: dropped. */
  readonly mailWay: MailWay;
}

export type MailWay = "smtp" | "outbox" | "off";

/** 128 bit. */
const MAIL_ID_BYTES = 16;
/** A day: what is told about security is late after it, but still better known. */
const USEFUL_FOR_SECONDS = 86_400;

export function createMailer({ mailStore, sealedMails, clock, mailWay }: MailerDeps): Mailer {
  const listeners: (() => void)[] = [];

  function toNewMail({ to, language, template, values, ...mail }: MailRequest) {
    const id = randomToken(MAIL_ID_BYTES);
    const usefulForSeconds = mail.usefulForSeconds ?? USEFUL_FOR_SECONDS;
    return {
      id,
      accountId: mail.accountId,
      template,
      sealed: sealedMails.seal(id, { to, language, template, values }),
      usefulUntilSeconds: clock.nowSeconds() + usefulForSeconds,
    };
  }

  return {
    isOn: mailWay !== "off",
    async send(mail) {
      if (mailWay === "off") return;
      if (mailWay === "outbox") return mailStore.keep(toNewMail(mail));
      await mailStore.enqueue(toNewMail(mail));
      if (mail.isUnhurried === true) return;
      for (const listener of listeners) listener();
    },
    async sendNothing(mail) {
      if (mailWay === "off") return;
      await mailStore.discard(toNewMail(mail));
    },
    subscribe: (listener) => void listeners.push(listener),
  };
}
