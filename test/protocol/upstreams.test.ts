import { expect } from "chai";
import { startBareProvider } from "../support/upstreams/bare-oidc-provider.js";
import { isGlewlwydThere, startGlewlwyd } from "../support/upstreams/glewlwyd.js";
import { startSecondLatchkey } from "../support/upstreams/latchkey.js";
import { signInByLibrary } from "../support/upstreams/relying-party-of.js";
import { EDSGER, GRACE, type Upstream } from "../support/upstreams/upstream.js";

const UPSTREAMS = [
  { name: "Glewlwyd", start: startGlewlwyd, isThere: isGlewlwydThere },
  { name: "bare oidc-provider", start: startBareProvider, isThere: () => true },
  { name: "a second Latchkey", start: startSecondLatchkey, isThere: () => true },
];

/** What the tests of single sign-on rely on; a provider that fails here is no fault of the server. */
describe("providers to sign in at, by themselves", () => {
  for (const { name, start, isThere } of UPSTREAMS) {
    describe(name, () => {
      const options = {
        relyingParty: "http://localhost:9999",
        providerId: "upstream",
        people: [GRACE, EDSGER],
      };
      let upstream: Upstream;
      before(async function () {
        if (!isThere()) this.skip();
        upstream = await start(options);
      });
      after(() => upstream?.stop());

      it("signs people in, each under the same name every time (OpenID Connect Core §3.1)", async () => {
        const first = await signInByLibrary(upstream, options, GRACE);
        const second = await signInByLibrary(upstream, options, GRACE);
        const other = await signInByLibrary(upstream, options, EDSGER);
        expect(second.claims.sub).to.equal(first.claims.sub);
        expect(other.claims.sub).to.not.equal(first.claims.sub);
      });

      it("says which of its sessions it was (OpenID Connect Back-Channel Logout §2.1)", async () => {
        const { claims } = await signInByLibrary(upstream, options, GRACE);
        expect(claims["sid"]).to.be.a("string");
      });

      it("tells names, addresses and whether those are verified (OpenID Connect Core §5.1)", async () => {
        for (const person of [GRACE, EDSGER]) {
          const { userinfo } = await signInByLibrary(upstream, options, person);
          const { name: theirName, email, emailVerified } = person;
          expect(userinfo).to.include({ name: theirName, email, email_verified: emailVerified });
        }
      });
    });
  }
});
