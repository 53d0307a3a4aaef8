import { expect } from "chai";
import { toAccountId } from "../../src/accounts/account.js";
import { createPerson, openAccount } from "../support/account-browser.js";
import { describeOnTwoNodes } from "../support/deployments.js";
import { eventually } from "../support/eventually.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { signInWith, type SignedIn } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";

const SIGN_INS = 4;

describeOnTwoNodes("an account that is deleted while its person signs in", (nodes) => {
  let rp: RelyingParty;
  before(async () => {
    rp = await connect(nodes(), await createTestClient(nodes()));
  });

  type Person = Awaited<ReturnType<typeof createPerson>>;

  const signIn = (person: Person) =>
    signInWith({ ...nodes(), ...person }, rp, {
      parameters: { scope: "openid offline_access", prompt: "consent" },
    });

  /** Those that came through; others were led to where the account is kept, or told to sign in. */
  async function signInMeanwhile(person: Person, act: () => Promise<unknown>): Promise<SignedIn[]> {
    const all = Array.from({ length: SIGN_INS }, () => signIn(person));
    const [ended, ...settled] = await Promise.allSettled([act(), ...all]);
    if (ended?.status === "rejected") throw ended.reason;
    return settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  }

  async function expectNoAccess({ agent, tokens }: SignedIn): Promise<void> {
    await eventually("neither session nor refresh token counts at any node", async () => {
      // One request to each node in turn, so that both have refused.
      for (let node = 0; node < 2; node++) {
        const { url } = await rp.begin({ prompt: "none" });
        const answer = await agent.open(url);
        if (answer.url.searchParams.get("error") !== "login_required") return false;
      }
      return rp.refresh(tokens.refresh_token ?? "").then(
        () => false,
        () => true,
      );
    });
  }

  it("is open to no application at either node, however the two meet", async () => {
    const person = await createPerson(nodes());
    const before = await signIn(person);
    const { agent, page } = await openAccount(nodes(), person, "/data/delete");
    const through = await signInMeanwhile(person, () =>
      agent.submit(page, { username: person.username }, { action: /\/delete$/ }),
    );
    for (const each of [before, ...through]) await expectNoAccess(each);
    const { page: back } = await openAccount(nodes(), person, "/security");
    expect(back.url.pathname).to.equal("/account/deletion");
  });

  it("leaves nothing that names it when it goes at once", async () => {
    const person = await createPerson(nodes());
    const id = toAccountId(person.accountId);
    await signInMeanwhile(person, () =>
      nodes().app.deleteAccount.request(id, { by: "administrator", atOnce: true }),
    );
    const { knex } = nodes().database;
    await eventually("one of the nodes has deleted it", async () => {
      return (await knex("account").where({ id }).first("id")) === undefined;
    });
    for (const table of ["account_identifier", "consent", "account_event", "model"] as const) {
      const left = await knex(table).where({ account_id: id });
      expect(left, table).to.deep.equal([]);
    }
    const { page } = await openAccount(nodes(), person, "/security");
    expect(page.url.pathname).to.equal("/account/sign-in");
  });
});
