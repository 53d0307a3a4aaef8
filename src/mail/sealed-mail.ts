import type { Sealer } from "../lib/seal.js";
import type { StoredMail } from "./mail-store.js";
import type { MailTemplate, MailValues } from "./mail-templates.js";

/** What of a mail is personal or secret. */
export interface MailContent {
  readonly to: string;
  readonly language: string;
  readonly template: MailTemplate;
  readonly values: MailValues;
}

export interface SealedMails {
  seal(id: string, content: MailContent): string;
  /** @returns undefined for one of another secret key. */
  open(mail: Pick<StoredMail, "id" | "sealed">): MailContent | undefined;
}

export function createSealedMails(sealer: Sealer): SealedMails {
  return {
    seal: (id, content) => sealer.seal(JSON.stringify(content), id),
    open({ id, sealed }) {
      const text = sealer.open(sealed, id);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nobody else can seal
      return text === undefined ? undefined : (JSON.parse(text) as MailContent);
    },
  };
}
