import { expect } from "chai";
import type { AccountId } from "../../src/accounts/account.js";
import { enrolAuthenticator } from "../support/authenticator-app.js";
import { laterBy } from "../support/shift-time.js";
import { createUserAgent, type Page } from "../support/user-agent.js";
import {
  accountByPasskey,
  accountByPassword,
  afterReset,
  atAccountThroughProvider,
  challenge,
  deviceByPassword,
  deviceByProvider,
  directLogin,
  loginByPasskey,
  loginByPassword,
  nextOf,
  PEOPLE,
  signUp,
  startKit,
  throughProvider,
  withPassword,
  withProvider,
  type Demand,
  type Kit,
  type Next,
  type Visitor,
} from "../support/ways-in.js";

/** From the beginning to the page after what is proven there. */
type Walk = (kit: Kit, visitor: Visitor, demand: Demand) => Promise<Page>;
/** Makes the account that walks that way. */
type Arrive = (kit: Kit, visitor: Visitor) => Promise<AccountId>;

interface Outcomes {
  /** With an authenticator app that nobody asks for. */
  readonly own: Next;
  /** With one that somebody asks for. */
  readonly asked: Next;
  /** Without one that somebody asks for. */
  readonly lacking: Next;
}

type Row = readonly [
  name: string,
  arrive: Arrive | "nobody yet",
  walk: Walk,
  demands: readonly Demand[],
  outcomes: Outcomes,
];

const atClients: readonly Demand[] = ["operator", "client", "acr"];
const protects: Outcomes = { own: "second-step", asked: "second-step", lacking: "set-up" };
const vouches: Outcomes = { own: "in", asked: "second-step", lacking: "set-up" };
const isBoth: Outcomes = { own: "in", asked: "in", lacking: "in" };
const isNoBrowser: Outcomes = { own: "elsewhere", asked: "elsewhere", lacking: "elsewhere" };

// The table "Ways in" of docs/security.md.
const WAYS: readonly Row[] = [
  ["the login page, by password", withPassword, loginByPassword, atClients, protects],
  ["the login page, by passkey", withPassword, loginByPasskey, atClients, isBoth],
  ["the login page, by another provider", withProvider, throughProvider, atClients, vouches],
  ["the account's pages, by password", withPassword, accountByPassword, ["operator"], protects],
  ["the account's pages, by passkey", withPassword, accountByPasskey, ["operator"], isBoth],
  [
    "the account's pages, by another provider",
    withProvider,
    atAccountThroughProvider,
    ["operator"],
    vouches,
  ],
  ["the sign-in after a password reset", withPassword, afterReset, ["operator"], protects],
  ["a sign-up", "nobody yet", signUp, atClients, protects],
  ["a device, by password", withPassword, deviceByPassword, ["operator", "client"], protects],
  [
    "a device, by another provider",
    withProvider,
    deviceByProvider,
    ["operator", "client"],
    vouches,
  ],
  ["POST /login", withPassword, directLogin, ["operator", "client"], isNoBrowser],
  ["POST /authorize-challenge", withPassword, challenge, atClients, isNoBrowser],
];

describe("every way in, and the second step (ASVS 6.1.3, 6.3.4, AU-19)", () => {
  let optional: Kit;
  let required: Kit;
  const used = new Map<Kit, number>();
  before(async () => {
    [optional, required] = await Promise.all([startKit({}), startKit({ SECOND_STEP: "required" })]);
  });
  after(async () => {
    for (const { upstream, server } of [optional, required]) {
      await upstream.stop();
      await server.close();
    }
  });

  const kitOf = (demand: Demand) => (demand === "operator" ? required : optional);

  function newVisitor(kit: Kit): Visitor {
    const index = used.get(kit) ?? 0;
    used.set(kit, index + 1);
    const person = PEOPLE[index];
    if (person === undefined) throw new Error("more people are needed");
    return { ...person, agent: createUserAgent(kit.server.issuer) };
  }

  interface Walked {
    readonly kit: Kit;
    readonly visitor: Visitor;
    readonly page: Page;
  }

  /** The next page, and nobody signed in before it says so. */
  async function expectNext({ kit, visitor, page }: Walked, next: Next): Promise<void> {
    expect(nextOf(page), `${page.status} ${page.url.href}`).to.equal(next);
    const account = await visitor.agent.open(`${kit.server.issuer}/account`);
    if (next !== "in") expect(account.url.pathname).to.equal("/account/sign-in");
  }

  for (const [name, arrive, walk, demands, { own, asked, lacking }] of WAYS) {
    describe(name, () => {
      async function walkWith(has: "app" | "nothing", demand: Demand) {
        const kit = kitOf(demand);
        const visitor = newVisitor(kit);
        if (arrive !== "nobody yet") await arrive(kit, visitor);
        if (has === "app") await enrolAuthenticator(kit.server, visitor.email);
        return { kit, visitor, page: await walk(kit, visitor, demand) };
      }

      for (const demand of demands) {
        it(`where the ${demand} demands a second step: ${lacking} for who has none`, async () => {
          await expectNext(await walkWith("nothing", demand), lacking);
        });
      }
      if (arrive === "nobody yet") return;
      it(`with a second step of one's own: ${own}`, async () => {
        await expectNext(await walkWith("app", "nobody"), own);
      });
      for (const demand of demands) {
        it(`where the ${demand} demands a second step: ${asked} for who has one`, async () => {
          await expectNext(await walkWith("app", demand), asked);
        });
      }
      it("with a disabled account: refused (AC-22)", async () => {
        const visitor = newVisitor(optional);
        const id = await arrive(optional, visitor);
        await optional.server.app.setDisabled(id, true);
        const page = await walk(optional, visitor, "nobody");
        await expectNext({ kit: optional, visitor, page }, "refused");
      });
    });
  }

  describe("/account/confirm, by another provider", () => {
    async function confirm(prepare: (visitor: Visitor, id: AccountId) => Promise<unknown>) {
      const visitor = newVisitor(optional);
      const { agent } = visitor;
      const id = await withProvider(optional, visitor);
      await atAccountThroughProvider(optional, visitor);
      return laterBy(301, async () => {
        const page = await agent.open(`${optional.server.issuer}/account/sign-ins`);
        const confirmPage = await agent.submit(page, { act: "end-others" }, { action: /\/acts$/ });
        expect(confirmPage.url.pathname).to.equal("/account/confirm");
        const href = /href="([^"]*\/confirm\/upstream\/corp[^"]*)"/.exec(confirmPage.html)?.[1];
        const start = new URL((href ?? "").replaceAll("&amp;", "&"), confirmPage.url);
        const left = await agent.open(start);
        await prepare(visitor, id);
        return agent.open(await optional.upstream.signInAs(visitor, left.url));
      });
    }

    it("with a second step of one's own: it is asked for before the act is done", async () => {
      const page = await confirm(({ email }) => enrolAuthenticator(optional.server, email));
      expect(page.url.pathname).to.equal("/account/sign-in/second-step");
    });

    it("without one: the act is done", async () => {
      const page = await confirm(async () => {});
      expect(page.url.pathname).to.equal("/account/sign-ins");
      expect(page.html).to.include('role="status"');
    });

    it("with an account that is disabled meanwhile: refused (AC-22)", async () => {
      const page = await confirm((_, id) => optional.server.app.setDisabled(id, true));
      expect(page.html).to.not.include("end-others");
      expect(page.url.pathname).to.not.equal("/account/sign-ins");
    });
  });
});
