import type { TestServer } from "./test-server.js";

export interface KeptMail {
  readonly to: string;
  readonly language: string;
  readonly template: string;
  readonly values: Readonly<Record<string, string>>;
}

export interface KeptMailbox {
  /** All of an address, or all. */
  list(to?: string): Promise<KeptMail[]>;
  /** One that was not taken yet. @throws when there is none */
  take(to: string, template?: string): Promise<KeptMail>;
}

/** What a development server would have sent. */
export function createKeptMailbox({ app }: TestServer): KeptMailbox {
  const taken = new Set<string>();

  async function list(to?: string) {
    const stored = await app.mailStore.list({ state: "kept", limit: 1000 });
    return stored
      .map((each) => ({ id: each.id, ...(app.sealedMails.open(each) as unknown as KeptMail) }))
      .filter((each) => to === undefined || each.to === to);
  }

  return {
    list,
    async take(to, template) {
      const found = (await list(to)).find(
        (each) => !taken.has(each.id) && (template ?? each.template) === each.template,
      );
      if (found === undefined) throw new Error(`no mail to ${to}`);
      taken.add(found.id);
      return found;
    },
  };
}
