import { expect } from "chai";
import { startMailServer } from "../support/mail-server.js";
import { startTestServer, type TestServer } from "../support/test-server.js";

describe("the outbox of development", () => {
  let server: TestServer;
  afterEach(() => server.close());

  const send = () =>
    server.app.mailer.send({
      to: "grace@example.org",
      language: "de",
      template: "reset_password",
      values: { code: "04710815", url: `${server.issuer}/reset?token=t-1`, minutes: 30 },
    });
  const get = async (path: string) => {
    const response = await fetch(server.issuer + path);
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  it("shows what would have been sent, as text and as HTML in a frame that can do nothing", async () => {
    server = await startTestServer();
    expect((await get("/development/outbox")).text).to.include("Nothing yet");
    await send();
    const list = (await get("/development/outbox")).text;
    expect(list).to.include("Wählen Sie ein neues Passwort").and.to.include("grace@example.org");
    const path = /href="(\/development\/outbox\/[^"]+)"/.exec(list)?.[1] ?? "";
    const mail = await get(path);
    expect(mail.text)
      .to.include("0471 0815")
      .and.to.match(/<iframe [^>]+ sandbox><\/iframe>/);
    expect(mail.headers.get("content-security-policy")).to.include("frame-src 'self'");
    const html = await get(`${path}/html`);
    expect(html.text).to.include("0471 0815");
    expect(html.headers.get("content-security-policy"))
      .to.include("sandbox;")
      .and.to.include("default-src 'none'")
      .and.not.to.include("allow-");
  });

  it("knows no mail by another name", async () => {
    server = await startTestServer();
    for (const id of ["unknown", "unknown/html", "%00"]) {
      expect((await get(`/development/outbox/${id}`)).status).to.equal(404);
    }
  });

  it("is not there where mail is sent", async () => {
    const mailServer = await startMailServer();
    server = await startTestServer({
      environment: { SMTP_URL: mailServer.url, MAIL_FROM: "login@example.com" },
    });
    expect((await get("/development/outbox")).status).to.equal(404);
    await mailServer.close();
  });
});
