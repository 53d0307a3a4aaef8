/** A second server of ours, with people of its own; at another host, since ports share cookies. */
import { press, signIn } from "../at-the-pages.js";
import { createTestClient } from "../test-client.js";
import { startTestServer } from "../test-server.js";
import { authorize, createUserAgent, type UserAgent } from "../user-agent.js";
import { addressesOf, type Upstream, type UpstreamOptions } from "./upstream.js";

export async function startSecondLatchkey(options: UpstreamOptions): Promise<Upstream> {
  const server = await startTestServer({
    environment: {
      ISSUER: "http://127.0.0.1:{port}",
      OUTBOUND_ALLOWED_HOSTS: "localhost,127.0.0.1",
    },
    embedded: true,
    deliversLogouts: true,
  });
  const { issuer } = server;
  for (const { username, email, emailVerified, name, password } of options.people) {
    await server.app.createAccount({ username, email, emailVerified, profile: { name }, password });
  }
  const { callback, signedOut, backChannelLogout } = addressesOf(options);
  const { clientId, clientSecret = "" } = await createTestClient(
    server,
    {
      client_name: "The other one",
      redirect_uris: [callback],
      post_logout_redirect_uris: [signedOut],
      backchannel_logout_uri: backChannelLogout,
      backchannel_logout_session_required: true,
    },
    { firstParty: true },
  );
  /** By username. */
  const browsers = new Map<string, UserAgent>();
  return {
    issuer,
    clientId,
    clientSecret,
    authentication: "client_secret_basic",
    async signInAs(person, authorizationUrl) {
      const agent = createUserAgent(issuer);
      browsers.set(person.username, agent);
      return authorize(agent, authorizationUrl, person);
    },
    async signOut({ username }) {
      const agent = browsers.get(username) ?? createUserAgent(issuer);
      const question = await agent.open(`${issuer}/session/end`);
      await agent.submit(question, { logout: "yes" });
    },
    async signInAtPages(page, person) {
      await signIn(page, person);
      await page.waitForURL((url) => url.origin !== issuer);
    },
    // It does not ask whoever brings its ID token.
    agreeToSignOut: (page) => page.waitForURL((url) => url.origin !== issuer),
    async signOutAtPages(page) {
      await page.goto(`${issuer}/session/end`);
      await press(page, "Sign out");
    },
    stop: () => server.close(),
  };
}
