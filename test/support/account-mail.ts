import type { MailContent } from "../../src/mail/sealed-mail.js";
import type { TestServer } from "./test-server.js";

/** What lies in the outbox for an address, the newest first, as it would be sent. */
export async function mailsTo(server: TestServer, address: string): Promise<MailContent[]> {
  const mails = await server.app.mailStore.list({ state: "kept", limit: 100 });
  return mails.flatMap((mail) => {
    const content = server.app.sealedMails.open(mail);
    return content?.to === address ? content : [];
  });
}

/** @throws when there is none */
export async function mailTo(
  server: TestServer,
  address: string,
  template: MailContent["template"],
): Promise<MailContent> {
  const mails = await mailsTo(server, address);
  const found = mails.find((mail) => mail.template === template);
  if (found === undefined) throw new Error(`no ${template} to ${address}`);
  return found;
}
