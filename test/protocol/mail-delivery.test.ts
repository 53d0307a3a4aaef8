import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { expect } from "chai";
import { listMail, retryMail } from "../../src/commands/mail-commands.js";
import { createLogger } from "../../src/lib/logger.js";
import { startMailDelivery } from "../../src/mail/mail-delivery.js";
import { eventually } from "../support/eventually.js";
import {
  startMailServer,
  type MailServer,
  type MailServerOptions,
} from "../support/mail-server.js";
import { createTestCertificates, type TestCertificates } from "../support/test-certificates.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

const TO = "grace@example.org";
const CODE = "04710815";

/** Mail goes to a real SMTP server (RFC 5321), whatever that server does. */
describe("mail delivery", () => {
  let server: TestServer;
  let mailServer: MailServer;

  async function start(
    options: MailServerOptions = {},
    environment: Record<string, string> = {},
    deliversMail = true,
  ): Promise<void> {
    mailServer = await startMailServer(options);
    server = await startTestServer({
      deliversMail,
      environment: {
        SMTP_URL: mailServer.url,
        MAIL_FROM: "Example Login <login@example.com>",
        ...environment,
      },
    });
  }

  afterEach(async () => {
    await server?.close();
    await mailServer?.close();
  });

  const send = (to = TO, language = "en") =>
    server.app.mailer.send({
      to,
      language,
      template: "reset_password",
      values: { code: CODE, url: `${server.issuer}/reset?token=secret-token`, minutes: 30 },
      accountId: "acct_1",
    });
  const waiting = () => server.app.mailStore.list({ limit: 100 });
  const logged = (message: string) => server.logs.filter(({ msg }) => msg === message);

  it("hands over text and HTML in the person's language, from MAIL_FROM, and keeps nothing", async () => {
    await start();
    await send(TO, "de");
    const mail = await mailServer.mailTo(TO);
    expect(mail.from).to.equal('"Example Login" <login@example.com>');
    expect(mail.subject).to.equal("Wählen Sie ein neues Passwort für Example Login");
    for (const part of [mail.text, mail.html]) {
      expect(part).to.include("0471 0815").and.to.include("/reset?token=secret-token");
    }
    expect(mail.parsed.headers.get("auto-submitted")).to.equal("auto-generated");
    expect(mail.parsed.headers.get("content-language")).to.equal("de");
    expect(mail.parsed.messageId).to.match(/^<[\w-]{22}@example\.com>$/);
    await eventually("the row is gone", async () => (await waiting()).length === 0);
    await eventually("it is audited", () => logged("mail.delivered").length === 1);
    expect(logged("mail.delivered")[0]).to.include({
      audit: true,
      outcome: "success",
      template: "reset_password",
      accountId: "acct_1",
    });
  });

  it("waits for a server that is away without keeping anybody waiting, says so once, and catches up", async () => {
    await start({ mode: "down" });
    const begunAtMs = performance.now();
    await send("ada@example.org");
    await send(TO);
    // FT-33: 300 ms is what a busy machine takes for two inserts; a connection attempt is not in it.
    expect(performance.now() - begunAtMs).to.be.below(300);
    await eventually("it was tried", async () =>
      (await waiting()).some((each) => each.failures > 0),
    );
    const rows = JSON.stringify(await server.database.knex("mail_message"));
    for (const secret of [TO, CODE, "secret-token"]) expect(rows).not.to.include(secret);
    await mailServer.be("well");
    await mailServer.mailTo("ada@example.org");
    await mailServer.mailTo(TO);
    const away = logged("mail is not delivered: the mail server is away");
    expect(away.filter(({ level }) => level === 40)).to.have.length(1);
    await eventually("it is reported", () => logged("mail is delivered again").length === 1);
    const everything = JSON.stringify(server.logs);
    for (const secret of [TO, CODE, "secret-token"]) expect(everything).not.to.include(secret);
  });

  it("is not held up by a server that says nothing, and stops all the same", async () => {
    await start({ mode: "silent" }, {}, false);
    const delivery = startMailDelivery({ ...server.app, logger: quiet });
    const begunAtMs = performance.now();
    await send();
    expect(performance.now() - begunAtMs).to.be.below(300);
    await eventually("it is being tried", () => mailServer.connections() > 0);
    const stopping = performance.now();
    await delivery.stop();
    expect(performance.now() - stopping).to.be.below(4_500);
    const [row] = await server.database.knex("mail_message");
    expect(row).to.include({ state: "pending", claim: null, failures: 1 });
  });

  it("tries again what is refused for now (4xx), and gives it up when it is of no use any more", async () => {
    await start({ mode: "busy" });
    await send();
    await eventually("it was tried", async () => (await waiting())[0]?.failures === 1);
    expect((await waiting())[0]).to.include({ state: "pending", reason: "451 try again later" });
    await mailServer.be("well");
    await mailServer.mailTo(TO);
    await mailServer.be("busy");
    await server.app.mailer.send({
      to: TO,
      language: "en",
      template: "sign_up_existing",
      values: { url: server.issuer },
      usefulForSeconds: 1,
    });
    await eventually("it is given up", () => logged("mail.failed").length === 1, 20_000);
    expect(logged("mail.failed")[0]).to.include({ reason: "451 try again later" });
  });

  for (const [mode, reason] of [
    ["refusing", "550 <…> no such user"],
    ["refusing-content", "554 looks like spam"],
  ] as const) {
    it(`gives up what is refused for good (5xx, ${mode}), tells why without whom, and tries again when told to`, async () => {
      await start({ mode });
      await send();
      await eventually("it is given up", () => logged("mail.failed").length === 1);
      expect(logged("mail.failed")[0]).to.include({ outcome: "failure", reason });
      expect(JSON.stringify(server.logs)).not.to.include(TO);
      const [failed] = await waiting();
      const { text, data } = await listMail(server.app, { failed: true });
      expect(text).to.include(TO).and.to.include(reason);
      expect(JSON.stringify(data)).not.to.include(CODE);
      await mailServer.be("well");
      await retryMail(server.app, failed?.id ?? "");
      await mailServer.mailTo(TO);
      let problem: unknown;
      await retryMail(server.app, "unknown").catch((err: unknown) => (problem = err));
      expect(problem).to.include({ code: "not_found" });
    });
  }

  it("sends each once, with several servers at it", async () => {
    await start({ delayMs: 20 });
    const others = [1, 2].map(() => startMailDelivery({ ...server.app, logger: quiet }));
    const people = Array.from({ length: 40 }, (_, index) => `person-${index}@example.org`);
    await Promise.all(people.map((person) => send(person)));
    await eventually("all are delivered", async () => (await waiting()).length === 0, 30_000);
    await Promise.all(others.map((other) => other.stop()));
    expect(mailServer.received.map(({ to }) => to).toSorted()).to.deep.equal(people.toSorted());
  });

  it("goes to the outbox without SMTP_URL in development, and is never tried", async () => {
    mailServer = await startMailServer();
    server = await startTestServer({ deliversMail: true });
    await send();
    expect((await waiting())[0]).to.include({ state: "kept", dueAtSeconds: undefined });
    await server.app.mailer.sendNothing({
      to: TO,
      language: "en",
      template: "sign_up_existing",
      values: { url: server.issuer },
    });
    expect(await waiting()).to.have.length(1);
  });

  describe("with TLS", () => {
    let certificates: TestCertificates;
    const credentials = { user: "latchkey", password: "p@ss:word/%" };
    const trusted = getCACertificates();
    before(async () => {
      certificates = await createTestCertificates("DNS:localhost");
    });
    afterEach(() => setDefaultCACertificates(trusted));
    after(() => certificates.remove());
    const tls = () => ({
      cert: readFileSync(certificates.cert, "utf8"),
      key: readFileSync(certificates.key, "utf8"),
    });
    const required = { SMTP_TLS: "required" };

    it("signs in over STARTTLS with the credentials of SMTP_URL", async () => {
      setDefaultCACertificates([...trusted, readFileSync(certificates.ca, "utf8")]);
      await start({ tls: tls(), credentials }, required);
      await send();
      const mail = await mailServer.mailTo(TO);
      expect(mail).to.include({ isEncrypted: true, user: "latchkey" });
      expect(JSON.stringify(server.logs)).not.to.include(credentials.password);
    });

    it("gives nothing to a server without STARTTLS, or with a certificate that it cannot trust", async () => {
      for (const options of [{}, { tls: tls() }]) {
        await start(options, required);
        await send();
        await eventually("it was tried", async () => (await waiting())[0]?.failures === 1);
        expect(mailServer.received).to.deep.equal([]);
        await server.close();
        await mailServer.close();
      }
    });

    it("keeps mail while its credentials are wrong: that is no fault of the mail", async () => {
      mailServer = await startMailServer({ credentials });
      server = await startTestServer({
        deliversMail: true,
        environment: {
          SMTP_URL: `smtp://latchkey:wrong@localhost:${mailServer.port}`,
          MAIL_FROM: "login@example.com",
        },
      });
      await send();
      await eventually("it was tried", async () => (await waiting())[0]?.failures === 1);
      expect((await waiting())[0]?.state).to.equal("pending");
      expect(logged("mail is not delivered: the mail server is away")).not.to.deep.equal([]);
    });
  });
});

const quiet = createLogger({
  level: "error",
  format: "json",
  destination: process.stderr,
});
