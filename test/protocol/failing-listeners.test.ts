import { expect } from "chai";
import { refusalOf } from "../support/oauth-error.js";
import { rawRequest } from "../support/raw-request.js";
import { sendMetadata } from "../support/registration-endpoint.js";
import { connect } from "../support/relying-party-libraries.js";
import { signInWith } from "../support/sign-in-with.js";
import { REDIRECT_URI, createTestClient } from "../support/test-client.js";
import {
  startUnwritableLogServer,
  type UnwritableLogServer,
} from "../support/unwritable-log-server.js";
import { authorize, createUserAgent } from "../support/user-agent.js";

describe("an event listener that throws", () => {
  let server: UnwritableLogServer;
  const warnings: string[] = [];
  const printers = process.listeners("warning");
  before(async () => {
    server = await startUnwritableLogServer();
    process.removeAllListeners("warning");
    process.on("warning", ({ message }) => warnings.push(message));
  });
  after(async () => {
    await server.close();
    process.removeAllListeners("warning");
    for (const print of printers) process.on("warning", print);
  });

  it("fails no request, though no line of the log can be written", async () => {
    const client = await createTestClient(server, {
      grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    });
    const rp = await connect(server, client);
    const { agent } = await signInWith(server, rp);
    const attempt = await rp.begin();
    const callback = await authorize(agent, attempt.url, server);
    const initialAccessToken = await server.app.clientAdministration.createInitialAccessToken(60);
    server.breakLog();

    const tokens = await rp.redeem(attempt, callback);
    const refreshed = await rp.refresh(tokens.refresh_token ?? "");
    expect(await rp.introspect(refreshed.access_token)).to.include({ active: true });
    expect(
      await rp.userinfo(refreshed.access_token, String(tokens.claims?.["sub"])),
    ).to.have.property("sub");
    expect(await rp.clientCredentials()).to.have.property("access_token");
    const pushed = await rp.begin({}, { pushed: true });
    const { url } = await agent.open(pushed.url);
    expect(url.searchParams.has("code")).to.equal(true);
    await rp.revoke(refreshed.refresh_token ?? "");
    const metadata = { redirect_uris: [REDIRECT_URI] };
    const register = `${server.issuer}/clients/register`;
    const created = await sendMetadata(register, metadata, { token: initialAccessToken });
    expect(created.status).to.equal(201);

    const invalid = { error: "invalid_grant", status: 400 };
    expect(await refusalOf(rp.redeem(attempt, callback))).to.include(invalid);
    expect(await refusalOf(rp.refresh("unknown"))).to.include(invalid);
    expect((await rawRequest(`${server.issuer}/me`)).status).to.equal(401);
    expect((await sendMetadata(register, metadata)).status).to.equal(401);
    const none = await createUserAgent(server.issuer).open(
      (await rp.begin({ prompt: "none" })).url,
    );
    expect(none.url.searchParams.get("error")).to.equal("login_required");
    const page = await agent.open(`${server.issuer}/session/end`);
    const signedOut = await agent.submit(page, { logout: "yes" });
    expect(signedOut.url.pathname).to.equal("/session/end/success");
    expect(server.lostLines()).to.be.greaterThan(20);
    expect(warnings).to.include('audit line "token.refused" is lost');
    expect(warnings).to.include("the line of a request is lost");
  });
});
