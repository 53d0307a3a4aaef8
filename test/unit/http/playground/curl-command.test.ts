import { expect } from "chai";
import { curlCommand, redemptionCommand } from "../../../../src/http/playground/curl-command.js";
import { wordsForCurl } from "../../../support/run-curl-command.js";

const URL = "https://id.example/token";

/** Each means something to a shell, to a form or to a terminal. */
const AWKWARD = [
  "it's",
  `"quoted" $HOME \`id\` $(id) \\`,
  "a b&c=d+e%20f#g;h|i>j<k*l?m[n]{o}!p~q^r",
  "@/etc/passwd",
  "-o",
  "line\nbreak\r\u001b[31mred\u0000",
  "grüße 🔑",
  "\ud800",
  "",
];

describe("curlCommand", () => {
  for (const value of AWKWARD) {
    it(`brings ${JSON.stringify(value)} through a shell as it was`, async () => {
      const words = await wordsForCurl(curlCommand({ method: "POST", url: URL, form: { value } }));
      expect(words.slice(0, 3)).to.deep.equal(["-i", URL, "-d"]);
      const fields = new URLSearchParams(words[3]);
      expect([...fields]).to.deep.equal([["value", value.toWellFormed()]]);
    });
  }

  it("quotes an address with a query string and the single quotes in it", async () => {
    const url = "https://id.example/auth?state=it's&scope=openid%20email";
    expect(await wordsForCurl(curlCommand({ method: "GET", url }))).to.deep.equal(["-i", url]);
  });

  it("form-encodes the halves of client_secret_basic (RFC 6749 §2.3.1)", async () => {
    const basic = { clientId: "a:b", clientSecret: "it's 100%" };
    const words = await wordsForCurl(curlCommand({ method: "POST", url: URL, basic, form: {} }));
    expect(words).to.deep.equal(["-i", URL, "-u", "a%3Ab:it%27s+100%25"]);
  });

  it("sends a bearer token in the header (RFC 6750 §2.1)", async () => {
    const words = await wordsForCurl(
      curlCommand({ method: "GET", url: URL, bearer: "a.b~c/d+e=" }),
    );
    expect(words).to.deep.equal(["-i", URL, "-H", "Authorization: Bearer a.b~c/d+e="]);
  });

  it("keeps control characters out of the terminal", () => {
    const command = curlCommand({ method: "POST", url: URL, form: { code: "\u001b[31m\r\n" } });
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    expect(command.replaceAll(" \\\n", "")).to.not.match(/[\u0000-\u001f]/);
  });
});

describe("redemptionCommand", () => {
  const variables = {
    CLIENT_ID: "notes",
    CLIENT_SECRET: "s e",
    CODE_VERIFIER: "v",
    TOKEN_ENDPOINT: URL,
  };
  const redirectUri = "https://id.example/callback";

  it("takes the client and the code verifier from shell variables", async () => {
    const command = redemptionCommand({ tokenEndpoint: URL, code: "it's", redirectUri });
    expect(await wordsForCurl(command, variables)).to.deep.equal([
      "-u",
      "notes:s e",
      URL,
      "-d",
      "grant_type=authorization_code",
      "-d",
      "code=it%27s",
      "-d",
      `redirect_uri=${redirectUri}`,
      "-d",
      "code_verifier=v",
    ]);
  });

  it("takes the token endpoint from one, too, when it is unknown", async () => {
    const command = redemptionCommand({ tokenEndpoint: undefined, code: "c", redirectUri });
    expect(await wordsForCurl(command, variables)).to.include(URL);
  });
});
