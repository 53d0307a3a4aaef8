/** What the script of a page does, for a browser without one. */
import type {
  PasskeyCreationOptions,
  PasskeyRequestOptions,
} from "../../src/accounts/passkey-options.js";
import type { CeremonyLies, SoftwareAuthenticator } from "./software-authenticator.js";
import type { Page, UserAgent } from "./user-agent.js";

/** Answers the passkey form of a page. */
// oxlint-disable-next-line max-params -- reads as "this browser, at this page, with this authenticator"
export async function answerPasskey(
  agent: UserAgent,
  page: Page,
  authenticator: SoftwareAuthenticator,
  { origin = page.url.origin, fields = {}, allowCredentials, ...lies }: PasskeyAnswer = {},
): Promise<Page> {
  const { kind, options, action } = findPasskeyForm(page);
  const passkey =
    kind === "create"
      ? authenticator.create(options as PasskeyCreationOptions, origin, lies)
      : authenticator.get(
          {
            ...(options as PasskeyRequestOptions),
            ...(allowCredentials === undefined ? {} : { allowCredentials }),
          },
          origin,
          lies,
        );
  return agent.submit(page, { passkey, ...fields }, { action });
}

export interface PasskeyAnswer extends CeremonyLies {
  readonly origin?: string;
  /** In place of those that the page names. */
  readonly allowCredentials?: PasskeyRequestOptions["allowCredentials"];
  /** Other fields of the form. */
  readonly fields?: Record<string, string>;
}

export function hasPasskeyForm(page: Page): boolean {
  return page.html.includes("data-passkey=");
}

export function findPasskeyForm(page: Page) {
  const form = /<form[^>]*data-passkey="(\w+)"[^>]*>/.exec(page.html);
  if (form === null) throw new Error(`no passkey form in: ${page.html.slice(0, 2000)}`);
  const [tag, kind] = form;
  const options = attributeOf(tag, "data-options");
  return {
    kind,
    options: JSON.parse(options) as PasskeyCreationOptions | PasskeyRequestOptions,
    action: new RegExp(`^${attributeOf(tag, "action").replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`),
  };
}

function attributeOf(tag: string, name: string): string {
  const value = new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1] ?? "";
  return value.replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}
