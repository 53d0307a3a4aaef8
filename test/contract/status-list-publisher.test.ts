import { randomUUID } from "node:crypto";
import { inflateSync } from "node:zlib";
import { expect } from "chai";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { generateSigningKey, type SigningKey } from "../../src/keys/signing-key.js";
import { LatchkeyError } from "../../src/lib/errors.js";
import { createRevocations, type Revocations } from "../../src/tokens/revocations.js";
import { createStatusLists } from "../../src/tokens/status-lists.js";
import { describeOnEachBackend } from "../support/stores.js";
import { codeOfRejection } from "../support/stores-rejection.js";

const TTL_SECONDS = 30;
const TOKEN_SECONDS = 600;

describeOnEachBackend("The publisher of status lists", (stores) => {
  const now = () => stores().clock.nowSeconds();
  const logger = { warn() {} };
  let api: string;
  let keys: { current: SigningKey; published: SigningKey[] };
  let revocations: Revocations;
  beforeEach(async () => {
    api = `https://${randomUUID()}.example.com`;
    const key = await generateSigningKey("ES256");
    keys = { current: key, published: [key] };
    revocations = createRevocations({
      store: stores().revocationRecords,
      changes: undefined,
      clock: stores().clock,
      logger,
      longestGrantSeconds: 86_400,
    });
  });

  /** As every node has one. `calls` counts what it asks the store, and `failure` is what it gets. */
  function newNode() {
    const { statusLists, clock } = stores();
    const calls = { find: 0, findRevoked: 0 };
    let failure: Error | undefined;
    const answer = <Value>(value: Promise<Value>) =>
      failure === undefined ? value : Promise.reject(failure);
    const store = {
      ...statusLists,
      find(id: number) {
        calls.find++;
        return answer(statusLists.find(id));
      },
      findRevoked(...args: Parameters<typeof statusLists.findRevoked>) {
        calls.findRevoked++;
        return answer(statusLists.findRevoked(...args));
      },
    };
    const lists = createStatusLists({
      store,
      revocations,
      signingKeyOf: async () => keys.current,
      publishedKeys: () => keys.published,
      issuer: "https://login.example.com",
      ttlSeconds: TTL_SECONDS,
      clock,
      logger,
    });
    const fail = (err: Error | undefined) => {
      failure = err;
    };
    return { ...lists, calls, fail };
  }

  type Node = ReturnType<typeof newNode>;

  async function issue({ allocator }: Node) {
    const jti = randomUUID();
    const { idx, uri } = await allocator.allocate({
      api,
      jti,
      grantId: undefined,
      sessionUid: undefined,
      accountId: undefined,
      clientId: "machine",
      issuedAtSeconds: now(),
      expiresAtSeconds: now() + TOKEN_SECONDS,
    });
    return { jti, idx, listId: Number(uri.split("/").at(-1)) };
  }

  async function statusOf(node: Node, { listId, idx }: { listId: number; idx: number }) {
    const list = await node.publisher.find(listId);
    const { status_list } = decodeJwt<{ status_list: { lst: string } }>(list?.jwt ?? "");
    const bytes = inflateSync(Buffer.from(status_list.lst, "base64url"));
    return (Number(bytes[idx >>> 3]) >>> (idx & 7)) & 1;
  }

  /** Longer than it rests between two looks at what is revoked, and than it believes in one. */
  const pause = (ms = 1100) => new Promise((resolve) => setTimeout(resolve, ms));
  const databaseUnavailable = () =>
    new LatchkeyError("database_unavailable", "away", { status: 503 });

  it("asks the store once for any number of requests at once", async () => {
    const node = newNode();
    const { listId } = await issue(node);
    const found = await Promise.all(Array.from({ length: 50 }, () => node.publisher.find(listId)));
    expect(new Set(found.map((list) => list?.jwt)).size).to.equal(1);
    expect(node.calls).to.deep.equal({ find: 1, findRevoked: 1 });
  });

  it("keeps a list that nothing happens to, and its tag, until half its time is over", async () => {
    const node = newNode();
    const { listId } = await issue(node);
    const first = await node.publisher.find(listId);
    stores().clock.advance(5 * TTL_SECONDS - 1);
    await pause();
    expect(await node.publisher.find(listId)).to.equal(first);
    stores().clock.advance(1);
    await pause();
    const second = await node.publisher.find(listId);
    expect(second?.tag).to.not.equal(first?.tag);
    expect(decodeJwt(second?.jwt ?? "")).to.include({ iat: now(), exp: now() + 10 * TTL_SECONDS });
  });

  it("signs anew when something was revoked, here or at another node", async () => {
    const [node, other] = [newNode(), newNode()];
    const token = await issue(node);
    const bystander = await issue(node);
    expect(await statusOf(other, token)).to.equal(0);
    await revocations.revoke([{ subject: "token", id: token.jti }]);
    // At once: whoever asks after it was acknowledged is not given an older one.
    for (const each of [node, other]) {
      expect(await statusOf(each, token)).to.equal(1);
      expect(await statusOf(each, bystander)).to.equal(0);
    }
  });

  it("never gives a list that lacks what was revoked before it was asked for", async () => {
    const node = newNode();
    for (let round = 0; round < 30; round++) {
      const token = await issue(node);
      // Under way while the revocation is added.
      const busy = [statusOf(node, token), statusOf(node, token)];
      await revocations.revoke([{ subject: "token", id: token.jti }]);
      expect(await statusOf(node, token)).to.equal(1);
      await Promise.all(busy);
    }
  });

  it("needs no more than the stores: a node that starts later knows what was revoked before", async () => {
    const token = await issue(newNode());
    await revocations.revoke([{ subject: "token", id: token.jti }]);
    expect(await statusOf(newNode(), token)).to.equal(1);
  });

  it("sees a token that is issued in the second of its client's end, after it was looked for", async () => {
    const node = newNode();
    const early = await issue(node);
    await revocations.revoke([{ subject: "client", id: "machine" }]);
    expect(await statusOf(node, early)).to.equal(1);
    const late = await issue(node);
    await pause();
    expect(await statusOf(node, late)).to.equal(1);
    stores().clock.advance(1);
    const next = await issue(node);
    await pause();
    expect(await statusOf(node, next)).to.equal(0);
  });

  it("leaves no list behind that nobody can verify: its key was dropped", async () => {
    const node = newNode();
    const { listId } = await issue(node);
    const kidOf = async () => {
      const list = await node.publisher.find(listId);
      return decodeProtectedHeader(list?.jwt ?? "").kid;
    };
    const dropped = keys.current;
    expect(await kidOf()).to.equal(dropped.kid);
    const successor = await generateSigningKey("ES256");
    keys = { current: successor, published: [successor, dropped] };
    // Rotated: it still verifies.
    expect(await kidOf()).to.equal(dropped.kid);
    keys.published = [successor];
    expect(await kidOf()).to.equal(successor.kid);
  });

  it("asks the store for an unknown list each time, and keeps nothing of it", async () => {
    const node = newNode();
    for (let count = 1; count <= 20; count++) {
      expect(await node.publisher.find(count)).to.equal(undefined);
    }
    expect(node.calls).to.deep.equal({ find: 20, findRevoked: 1 });
  });

  it("has no list any more whose tokens have all expired (§13.1)", async () => {
    const node = newNode();
    const { listId } = await issue(node);
    expect(await node.publisher.find(listId)).to.not.equal(undefined);
    stores().clock.advance(3600 + TOKEN_SECONDS);
    await pause();
    expect(await node.publisher.find(listId)).to.equal(undefined);
  });

  describe("while the database is away", () => {
    it("gives what was true before, and says when that was, until it has expired", async () => {
      const node = newNode();
      const token = await issue(node);
      const known = decodeJwt((await node.publisher.find(token.listId))?.jwt ?? "");
      node.fail(databaseUnavailable());
      // Nobody hears of it: what the list says is as old as its `iat`.
      await revocations.revoke([{ subject: "token", id: token.jti }]);
      for (const seconds of [0, 149, 149]) {
        stores().clock.advance(seconds);
        await pause();
        const list = await node.publisher.find(token.listId);
        expect(decodeJwt(list?.jwt ?? "")).to.deep.equal(known);
      }
      stores().clock.advance(2);
      expect(await codeOfRejection(node.publisher.find(token.listId))).to.equal(
        "database_unavailable",
      );
      node.fail(undefined);
      await pause();
      expect(await statusOf(node, token)).to.equal(1);
    });

    it("has nothing to give of a list that it never had", async () => {
      const node = newNode();
      const { listId } = await issue(newNode());
      node.fail(databaseUnavailable());
      expect(await codeOfRejection(node.publisher.find(listId))).to.equal("database_unavailable");
    });

    it("does not take a mistake for an outage", async () => {
      const node = newNode();
      const { listId } = await issue(node);
      await node.publisher.find(listId);
      node.fail(new TypeError("a mistake"));
      await pause();
      let failure: unknown;
      await node.publisher.find(listId).catch((err: unknown) => {
        failure = err;
      });
      expect(failure).to.be.instanceOf(TypeError);
    });
  });
});
