import { expect } from "chai";
import { toAccountId } from "../../src/accounts/account.js";
import { refusalOf } from "../support/oauth-error.js";
import { connect, type RelyingParty } from "../support/relying-party-libraries.js";
import { API, OPAQUE_API, createMachineClient, type TestClient } from "../support/test-client.js";
import {
  OPAQUE_STOCK,
  STOCK,
  createExchangeApis,
  createExchanges,
  type Exchanges,
  type SignedInForExchange,
} from "../support/token-exchange.js";
import { PASSWORD, startTestServer, type TestServer } from "../support/test-server.js";
import { eventually } from "../support/eventually.js";
import { fetchStatus } from "../support/status-list.js";

/** An opaque token is revoked where it is stored, a JWT by what is written of it. */
const FORMATS: readonly (readonly [what: string, source: string, target: string])[] = [
  ["an opaque token for an opaque one", OPAQUE_API, OPAQUE_STOCK],
  ["an opaque token for a JWT", OPAQUE_API, STOCK],
  ["a JWT for an opaque token", API, OPAQUE_STOCK],
  ["a JWT for a JWT", API, STOCK],
];

for (const [formats, source, target] of FORMATS) {
  /** Without one of these, an exchanged token would outlive what it was exchanged for. */
  describe(`what was exchanged (${formats}) ends with what it came from`, () => {
    let server: TestServer;
    let exchanges: Exchanges;
    let signedIn: SignedInForExchange;
    /** Sees the tokens as the API that they are for does. */
    let stock: RelyingParty;
    let stockClient: TestClient;
    before(async () => {
      server = await startTestServer();
      await createExchangeApis(server);
      await server.app.resourceServers.update(STOCK, () => ({ statusList: true }));
      stockClient = await createMachineClient(server, {}, { resourceServer: target });
      stock = await connect(server, stockClient);
    });
    after(() => server.close());
    beforeEach(async () => {
      exchanges = await createExchanges(server, source);
      await exchanges.allow({ target, kinds: ["delegation"] });
      signedIn = await exchanges.signIn();
    });

    const accountId = () => toAccountId(signedIn.subject);

    /** In the status list of the API, by which it need not ask (draft-ietf-oauth-status-list-21). */
    async function expectListed(token: string): Promise<void> {
      if (target !== STOCK) return;
      const isListed = async () => (await fetchStatus(server.issuer, token)) === 1;
      await eventually("the list says so", isListed, 3000);
    }

    const WAYS: Record<string, () => Promise<unknown>> = {
      "the subject token is revoked": () => exchanges.shop.revoke(signedIn.token),
      "the refresh token beside it is revoked": () => exchanges.shop.revoke(signedIn.refreshToken),
      "consent is withdrawn": () =>
        server.app.endAccess.ofConsent(accountId(), exchanges.application.clientId),
      "the person signs out": async () => {
        const page = await exchanges.agent.open(`${server.issuer}/session/end`);
        await exchanges.agent.submit(page, { logout: "yes" });
      },
      "the account is disabled": () => server.app.setDisabled(accountId(), true),
      "the account is disabled and enabled again": async () => {
        await server.app.setDisabled(accountId(), true);
        await server.app.setDisabled(accountId(), false);
      },
      "the password is changed": () => server.app.setPassword(accountId(), PASSWORD),
      "an administrator signs the person out": () => server.app.endAccess.ofAccount(accountId()),
      "an administrator ends the tokens of the client of the subject token": () =>
        server.app.endAccess.ofClient(exchanges.application.clientId),
      "an administrator ends the tokens of the client that exchanged it": () =>
        server.app.endAccess.ofClient(exchanges.service.clientId),
      "the client of the subject token is deleted": () =>
        server.app.clientAdministration.delete(exchanges.application.clientId),
      "the client that exchanged it is deleted": () =>
        server.app.clientAdministration.delete(exchanges.service.clientId),
      "it is revoked itself": async () => {},
    };
    afterEach(() => server.app.setDisabled(accountId(), false));

    for (const [what, end] of Object.entries(WAYS)) {
      it(`when ${what}, and so does what was exchanged for it in turn`, async () => {
        const { orders } = exchanges;
        const parameters = { resource: target };
        const first = await orders.exchange({ subject_token: signedIn.token, ...parameters });
        const second = await orders.exchange({ subject_token: first.access_token, ...parameters });
        for (const { access_token } of [first, second]) {
          expect(await stock.introspect(access_token)).to.include({ active: true });
          if (target === STOCK) expect(await fetchStatus(server.issuer, access_token)).to.equal(0);
        }
        await end();
        if (what === "it is revoked itself") await orders.revoke(first.access_token);
        for (const { access_token } of [first, second]) {
          await eventually(
            "the token is dead",
            async () => !(await stock.introspect(access_token)).active,
            1000,
          );
          expect(await stock.introspect(access_token)).to.deep.equal({ active: false });
          await expectListed(access_token);
        }
        if (what.includes("deleted")) return;
        for (const token of [first.access_token, second.access_token]) {
          const again = orders.exchange({ subject_token: token, ...parameters });
          expect(await refusalOf(again)).to.include({ error: "invalid_request" });
        }
        if (what !== "it is revoked itself") return;
        await orders.exchange({ subject_token: signedIn.token, ...parameters });
      });
    }

    it("of a client for itself: with that token and with that client", async () => {
      const ends = [
        (machine: RelyingParty, _client: TestClient, token: string) => machine.revoke(token),
        (_machine: RelyingParty, { clientId }: TestClient) =>
          server.app.clientAdministration.delete(clientId),
      ];
      for (const end of ends) {
        const client = await createMachineClient(server);
        const machine = await connect(server, client);
        const subject = await machine.clientCredentials({ resource: source });
        const parameters = { subject_token: subject.access_token, resource: target };
        const { access_token } = await exchanges.orders.exchange(parameters);
        expect(await stock.introspect(access_token)).to.include({ active: true });
        await end(machine, client, subject.access_token);
        expect(await stock.introspect(access_token)).to.deep.equal({ active: false });
        await expectListed(access_token);
      }
    });

    it("with the actor token, too", async () => {
      const { orders } = exchanges;
      const actor = await orders.clientCredentials({ resource: source });
      const { access_token } = await orders.exchange({
        subject_token: signedIn.token,
        actor_token: actor.access_token,
        actor_token_type: "urn:ietf:params:oauth:token-type:access_token",
        resource: target,
      });
      await orders.revoke(actor.access_token);
      expect(await stock.introspect(access_token)).to.deep.equal({ active: false });
      await expectListed(access_token);
    });

    it("and is exchanged no more a second after that was disallowed, without an error on the way", async () => {
      const { orders, service } = exchanges;
      const parameters = { subject_token: signedIn.token, resource: target };
      const outcomes: { error: string | undefined; atMs: number }[] = [];
      let going = true;
      const workers = Array.from({ length: 4 }, async () => {
        while (going) {
          const atMs = performance.now();
          const error = await orders.exchange(parameters).then(
            () => undefined,
            (err: unknown) => refusalOf(Promise.reject(err)).then((facts) => facts.error),
          );
          outcomes.push({ error, atMs });
        }
      });
      await eventually("some succeeded", () => outcomes.length > 20);
      const key = { clientId: service.clientId, source: undefined, target };
      expect(await server.app.tokenExchangePolicies.delete(key)).to.equal(true);
      const deletedAtMs = performance.now();
      await eventually("a second passed", () => performance.now() > deletedAtMs + 1200);
      going = false;
      await Promise.all(workers);
      expect(new Set(outcomes.map(({ error }) => error))).to.deep.equal(
        new Set([undefined, "unauthorized_client"]),
      );
      const late = outcomes.filter(({ atMs }) => atMs > deletedAtMs + 1000);
      expect(late).to.not.be.empty;
      expect(late.every(({ error }) => error === "unauthorized_client")).to.equal(true);
    });
  });
}
