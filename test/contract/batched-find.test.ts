import { expect } from "chai";
import { describeOnEachBackend } from "../support/stores.js";

describeOnEachBackend("Rows that are asked for at the same moment", (stores) => {
  const clients = () => stores().clients;
  const ids = Array.from({ length: 1200 }, (_, index) => `client-${index}`);
  before(async () => {
    for (const id of ids) await clients().saveRegistration(id, { client_name: id }, undefined);
  });

  /** The numbers of rows that each statement of `work` asks for. */
  async function statementsOf(work: () => Promise<unknown>): Promise<number[]> {
    const counts: number[] = [];
    const count = ({ sql, bindings }: { sql: string; bindings: unknown[] }) => {
      if (/^select \* from .client./.test(sql)) counts.push(bindings.length);
    };
    stores().database.knex.on("query", count);
    try {
      await work();
    } finally {
      stores().database.knex.off("query", count);
    }
    return counts;
  }

  const namesOf = async (asked: readonly string[]) =>
    (await Promise.all(asked.map((id) => clients().find(id)))).map(
      (found) => found?.metadata["client_name"],
    );

  it("are read by one statement, each once, and given to those who asked", async () => {
    const asked = ["client-3", "none", "client-1", "client-3", "", "client-2"];
    const counts = await statementsOf(async () => {
      expect(await namesOf(asked)).to.deep.equal([
        "client-3",
        undefined,
        "client-1",
        "client-3",
        undefined,
        "client-2",
      ]);
    });
    expect(counts).to.deep.equal([5]);
  });

  it("are fresh objects, also for those who asked for the same", async () => {
    const [one, other] = await Promise.all([
      clients().find("client-1"),
      clients().find("client-1"),
    ]);
    expect(one).to.deep.equal(other);
    expect(one).not.to.equal(other);
    expect(one?.metadata).not.to.equal(other?.metadata);
  });

  it("are read by several statements when they are many", async () => {
    const counts = await statementsOf(async () => {
      expect(await namesOf(ids)).to.deep.equal(ids);
    });
    expect(counts).to.deep.equal([500, 500, 200]);
  });

  it("do not suffer from a key that can be nobody's", async () => {
    expect(await namesOf(["client-1", "no\0ne", "client-2"])).to.deep.equal([
      "client-1",
      undefined,
      "client-2",
    ]);
  });

  it("do not suffer from a record among them that is damaged", async () => {
    const { knex } = stores().database;
    await knex("client").where({ client_id: "client-9" }).update({ metadata: "damaged" });
    const outcomes = await Promise.allSettled(
      ["client-8", "client-9"].map((id) => clients().find(id)),
    );
    expect(outcomes.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected"]);
    await knex("client").where({ client_id: "client-9" }).update({ metadata: "{}" });
  });

  it("are what was committed before they were asked for", async () => {
    for (let round = 0; round < 20; round++) {
      const early = clients().find("client-1");
      await clients().saveRegistration("client-1", { client_name: `name ${round}` }, undefined);
      expect(await namesOf(["client-1"])).to.deep.equal([`name ${round}`]);
      await early;
    }
  });
});
