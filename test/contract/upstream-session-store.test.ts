import { randomUUID } from "node:crypto";
import { expect } from "chai";
import type { UpstreamSession } from "../../src/federation/upstream-session-store.js";
import { describeOnEachBackend } from "../support/stores.js";

describeOnEachBackend("UpstreamSessionStore", (stores) => {
  const sessions = () => stores().upstreamSessions;

  async function save(given: Partial<UpstreamSession> = {}): Promise<UpstreamSession> {
    const now = stores().clock.nowSeconds();
    const session: UpstreamSession = {
      handle: randomUUID(),
      providerId: "entra",
      subject: randomUUID(),
      sid: randomUUID(),
      sealedIdToken: "v1.sealed",
      beganAtSeconds: now,
      expiresAtSeconds: now + 600,
      ...given,
    };
    await sessions().save(session);
    return session;
  }

  it("gives what was saved, without a sid and an ID token too", async () => {
    const whole = await save();
    const bare = await save({ sid: undefined, sealedIdToken: undefined });
    expect(await sessions().listOf(whole.handle)).to.deep.equal([whole]);
    expect(await sessions().listOf(bare.handle)).to.deep.equal([bare]);
  });

  it("keeps the last sign-in at a provider, and the provider that was used last comes first", async () => {
    const first = await save();
    const { handle, beganAtSeconds } = first;
    const other = await save({ handle, providerId: "github", beganAtSeconds: beganAtSeconds + 1 });
    expect(await sessions().listOf(handle)).to.deep.equal([other, first]);
    const again = await save({ handle, beganAtSeconds: beganAtSeconds + 2 });
    expect(await sessions().listOf(handle)).to.deep.equal([again, other]);
  });

  it("finds by sid, by subject, and by both together (Back-Channel Logout §2.4)", async () => {
    const { providerId, ...one } = await save();
    const { subject, sid = "" } = one;
    const other = await save({ subject });
    const handles = async (given: { subject?: string; sid?: string }) => {
      const meant = { providerId, subject: given.subject, sid: given.sid };
      return (await sessions().listMeant(meant)).map(({ handle }) => handle);
    };
    expect(await handles({ sid })).to.deep.equal([one.handle]);
    expect(await handles({ subject })).to.have.members([one.handle, other.handle]);
    expect(await handles({ subject, sid })).to.deep.equal([one.handle]);
    expect(await handles({ subject: randomUUID(), sid })).to.deep.equal([]);
  });

  it("means nobody by nothing, and nobody of another provider", async () => {
    const { providerId, subject, sid } = await save();
    const nothing = { providerId, subject: undefined, sid: undefined };
    expect(await sessions().listMeant(nothing)).to.deep.equal([]);
    const elsewhere = { providerId: "github", subject, sid };
    expect(await sessions().listMeant(elsewhere)).to.deep.equal([]);
  });

  it("forgets a session with all its providers", async () => {
    const { handle } = await save();
    await save({ handle, providerId: "github" });
    await sessions().forget(handle);
    expect(await sessions().listOf(handle)).to.deep.equal([]);
  });

  it("finds nothing after its time, and purges it", async () => {
    await sessions().purgeExpired(1000);
    const { handle, providerId, sid } = await save();
    stores().clock.advance(600);
    expect(await sessions().listOf(handle)).to.deep.equal([]);
    expect(await sessions().listMeant({ providerId, sid, subject: undefined })).to.deep.equal([]);
    const lasting = await save();
    expect(await sessions().purgeExpired(1000)).to.be.greaterThan(0);
    expect(await sessions().purgeExpired(1000)).to.equal(0);
    expect(await sessions().listOf(lasting.handle)).to.have.length(1);
  });
});
