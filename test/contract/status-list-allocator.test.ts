import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { LatchkeyError } from "../../src/lib/errors.js";
import {
  createStatusListAllocator,
  type TokenBeingIssued,
} from "../../src/tokens/status-list-allocator.js";
import { describeOnEachBackend } from "../support/stores.js";

const ISSUER = "https://login.example.com";
const TOKEN_SECONDS = 600;

describeOnEachBackend("The allocator of places in status lists", (stores) => {
  const now = () => stores().clock.nowSeconds();
  const newApi = () => `https://${randomUUID()}.example.com`;

  /** As every node has one. */
  function newAllocator() {
    const { statusLists, clock } = stores();
    return createStatusListAllocator({ store: statusLists, issuer: ISSUER, clock });
  }

  function newToken(api: string, changes: Partial<TokenBeingIssued> = {}): TokenBeingIssued {
    return {
      api,
      jti: randomUUID(),
      grantId: undefined,
      sessionUid: undefined,
      accountId: undefined,
      clientId: "machine",
      issuedAtSeconds: now(),
      expiresAtSeconds: now() + TOKEN_SECONDS,
      ...changes,
    };
  }

  const rowsOf = (api: string) => stores().database.knex("status_list").where({ api });
  const idOf = (uri: string) => Number(uri.split("/").at(-1));

  it("writes the place of a token before it gives it (§6.2)", async () => {
    const token = newToken(newApi(), { grantId: randomUUID() });
    const { idx, uri } = await newAllocator().allocate(token);
    expect(uri).to.match(/^https:\/\/login\.example\.com\/status-lists\/[1-9]\d{0,14}$/);
    const revoked = { subject: "token", id: token.jti, issuedUntilSeconds: now() } as const;
    expect(await stores().statusLists.findRevoked([revoked])).to.deep.equal([
      { listId: idOf(uri), index: idx },
    ]);
  });

  it("gives no place twice to several nodes that issue at once (§13.3)", async () => {
    const api = newApi();
    const nodes = [newAllocator(), newAllocator(), newAllocator()];
    const places = await Promise.all(
      nodes.flatMap((node) => Array.from({ length: 700 }, () => node.allocate(newToken(api)))),
    );
    expect(new Set(places.map(({ idx, uri }) => `${uri} ${idx}`)).size).to.equal(2100);
    expect(await rowsOf(api)).to.have.length(1);
  });

  it("gives places that tell neither order nor number (§12.4)", async () => {
    const node = newAllocator();
    const api = newApi();
    const indices: number[] = [];
    for (let count = 0; count < 40; count++) {
      indices.push((await node.allocate(newToken(api))).idx);
    }
    const steps = indices.slice(1).map((idx, at) => idx - (indices[at] ?? 0));
    expect(steps.some((step) => step < 0)).to.equal(true);
    expect(steps.some((step) => step > 0)).to.equal(true);
    expect(steps.filter((step) => Math.abs(step) <= 40)).to.have.length.below(4);
    // Of 40 places in a list of 2^17, none is expected among the first few hundred.
    expect(Math.max(...indices)).to.be.above(65_536);
  });

  it("opens another list when one has been open for an hour, or for a token's life", async () => {
    const node = newAllocator();
    const api = newApi();
    const uris = [];
    for (const seconds of [0, 3599, 1]) {
      stores().clock.advance(seconds);
      uris.push((await node.allocate(newToken(api))).uri);
    }
    expect(uris[0]).to.equal(uris[1]);
    expect(uris[2]).to.not.equal(uris[1]);
    const longLived = newApi();
    const expiresAtSeconds = now() + 86_400;
    await node.allocate(newToken(longLived, { expiresAtSeconds }));
    const [list] = await rowsOf(longLived);
    expect(list).to.include({ closes_at: now() + 86_400, expires_at: now() + 172_800 });
  });

  it("keeps a list for as long as its longest token lives", async () => {
    const node = newAllocator();
    const api = newApi();
    await node.allocate(newToken(api));
    const expiresAtSeconds = now() + 100_000;
    await node.allocate(newToken(api, { expiresAtSeconds }));
    await node.allocate(newToken(api));
    expect((await rowsOf(api))[0]).to.include({ expires_at: expiresAtSeconds });
  });

  it("keeps what one API's tokens tell from the others: each has lists of its own", async () => {
    const node = newAllocator();
    const places = await Promise.all(
      [newApi(), newApi()].map((api) => node.allocate(newToken(api))),
    );
    expect(places[0]?.uri).to.not.equal(places[1]?.uri);
  });

  it("lets nobody wait behind a group that an outage has failed", async () => {
    const { statusLists, clock } = stores();
    const outage = new LatchkeyError("database_unavailable", "away", { status: 503 });
    let attempts = 0;
    const add = () => {
      attempts++;
      return Promise.reject(outage);
    };
    const store = { ...statusLists, add };
    const node = createStatusListAllocator({ issuer: ISSUER, clock, store });
    const api = newApi();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 2000 }, () => node.allocate(newToken(api))),
    );
    expect(outcomes.every(({ status }) => status === "rejected")).to.equal(true);
    expect(attempts).to.equal(1);
  });

  it("gives nothing when nothing could be written, and goes on afterwards", async () => {
    const { statusLists, clock } = stores();
    const failure = new Error("the database is gone");
    let isAway = true;
    const node = createStatusListAllocator({
      issuer: ISSUER,
      clock,
      store: {
        ...statusLists,
        add: (entries) => (isAway ? Promise.reject(failure) : statusLists.add(entries)),
      },
    });
    const api = newApi();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => node.allocate(newToken(api))),
    );
    expect(outcomes).to.deep.equal(
      Array.from({ length: 5 }, () => ({ status: "rejected", reason: failure })),
    );
    isAway = false;
    expect(await node.allocate(newToken(api))).to.have.keys("idx", "uri");
  });
});
