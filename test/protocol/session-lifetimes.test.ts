import { expect } from "chai";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { laterBy } from "../support/shift-time.js";
import { signInWith, type SignedIn } from "../support/sign-in-with.js";
import { createTestClient } from "../support/test-client.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { createUserAgent, type UserAgent } from "../support/user-agent.js";

const DAY = 86_400;

/** ASVS 5.0 7.2.4, 7.3.1, 7.3.2 */
describe("lifetime and identifier of sessions", () => {
  let server: TestServer;
  let rp: RelyingParty;
  before(async () => {
    // Redis has a clock of its own.
    server = await startTestServer({
      embedded: true,
      environment: { SESSION_IDLE_EXPIRE_DAYS: "10", SESSION_EXPIRE_DAYS: "25" },
    });
    rp = await connect(server, await createTestClient(server));
  });
  after(() => server?.close());

  const cookieOf = ({ cookies }: UserAgent) =>
    cookies
      .filter(({ name }) => name.startsWith("latchkey_session"))
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");

  async function status(cookie: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${server.issuer}/session/status`, {
      headers: { Cookie: cookie },
    });
    return (await response.json()) as Record<string, unknown>;
  }

  /** What an application hears that asks without a page; undefined: a code. */
  async function askSilently(agent: UserAgent, parameters: Record<string, string> = {}) {
    const { url } = await rp.begin({ prompt: "none", ...parameters });
    const { url: callback } = await agent.open(url);
    return callback.searchParams.get("error") ?? undefined;
  }

  const useAfter = (days: number, { agent }: SignedIn) =>
    laterBy(days * DAY, async () => ({
      error: await askSilently(agent),
      active: (await status(cookieOf(agent)))["active"],
    }));

  it("ends when it is not used, also if it is only asked for", async () => {
    const used = await signInWith(server, rp);
    const left = await signInWith(server, rp);
    await laterBy(9 * DAY, async () => {
      expect(await status(cookieOf(left.agent))).to.include({ active: true });
    });
    expect(await useAfter(9, used)).to.deep.equal({ error: undefined, active: true });
    expect(await useAfter(11, left)).to.deep.equal({ error: "login_required", active: false });
    expect(await useAfter(18, used)).to.deep.equal({ error: undefined, active: true });
  });

  it("ends at its absolute end, however often it is used or extended", async () => {
    const signedIn = await signInWith(server, rp);
    for (const days of [8, 16, 24]) {
      expect(await useAfter(days, signedIn)).to.deep.equal({ error: undefined, active: true });
    }
    await laterBy(24 * DAY, async () => {
      const response = await fetch(`${server.issuer}/session/status`, {
        method: "POST",
        headers: {
          Cookie: cookieOf(signedIn.agent),
          Origin: new URL(server.issuer).origin,
        },
      });
      const body = (await response.json()) as Record<string, unknown>;
      expect(body["idle_expires_at"]).to.equal(body["expires_at"]);
    });
    expect(await useAfter(25.1, signedIn)).to.deep.equal({
      error: "login_required",
      active: false,
    });
  });

  it("is too old for an application that wants a newer sign-in (OpenID Connect Core §3.1.2.1)", async () => {
    const { agent } = await signInWith(server, rp);
    await laterBy(600, async () => {
      expect(await askSilently(agent, { max_age: "300" })).to.equal("login_required");
      expect(await askSilently(agent, { max_age: "900" })).to.equal(undefined);
    });
    const strict = await connect(server, await createTestClient(server, { default_max_age: 300 }));
    await signInWith(server, strict, { agent });
    await laterBy(600, async () => {
      const { url } = await strict.begin({ prompt: "none" });
      const { url: callback } = await agent.open(url);
      expect(callback.searchParams.get("error")).to.equal("login_required");
    });
  });

  it("gets another identifier at each sign-in, and the one before is of no use", async () => {
    const { agent } = await signInWith(server, rp);
    const before = cookieOf(agent);
    await signInWith(server, rp, { agent, parameters: { prompt: "login" } });
    expect(cookieOf(agent)).to.not.equal(before);
    expect(await status(cookieOf(agent))).to.include({ active: true });
    expect(await status(before)).to.deep.equal({ active: false });
  });

  it("is not the one that an attacker has put into the browser before the sign-in (fixation)", async () => {
    const attacker = createUserAgent(server.issuer);
    // A session of nobody, with a cookie that the server signed.
    await attacker.open(`${server.issuer}/session/end`);
    const planted = cookieOf(attacker);
    expect(planted).to.match(/^latchkey_session=.+latchkey_session\.sig=/);
    const victim = createUserAgent(server.issuer);
    victim.cookies.push(...attacker.cookies);
    const { subject } = await signInWith(server, rp, { agent: victim });
    expect(await status(cookieOf(victim))).to.include({ active: true, sub: subject });
    expect(await status(planted)).to.deep.equal({ active: false });
    expect(await askSilently(attacker)).to.equal("login_required");
  });
});
