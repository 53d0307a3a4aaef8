import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import { systemClock } from "../../../src/lib/clock.js";
import { LatchkeyError } from "../../../src/lib/errors.js";
import { createConsumptions } from "../../../src/oidc/consumptions.js";
import type { ModelStore } from "../../../src/oidc/model-store.js";
import { translateOutages } from "../../../src/oidc/translate-outages.js";
import { issueFamily } from "../../support/model-families.js";
import { createMemoryModelStore } from "../../support/memory-model-store.js";
import { rejectionOf } from "../../support/stores-rejection.js";

const logger = { warn: () => {} };

describe("createConsumptions", () => {
  /** A store whose commands are carried out, and whose answers are lost while `isDeaf`. */
  function deafStore() {
    const memory = createMemoryModelStore({ clock: systemClock });
    const line = { isDeaf: false, lost: 0 };
    const deaf: ModelStore = {
      ...memory,
      async consume(consumption) {
        const won = await memory.consume(consumption);
        if (line.isDeaf) {
          line.lost++;
          throw new LatchkeyError("redis_unavailable", "no answer", { status: 503 });
        }
        return won;
      },
      async withdraw(consumption) {
        if (line.isDeaf) throw new LatchkeyError("redis_unavailable", "gone", { status: 503 });
        await memory.withdraw(consumption);
      },
    };
    return { memory, line, models: translateOutages(deaf) };
  }

  async function consumptionOf(models: ModelStore) {
    const { code } = await issueFamily(models);
    return { model: "AuthorizationCode", id: code, attempt: randomUUID() } as const;
  }

  it("asks once more when an answer is lost at once, as the same attempt", async () => {
    const { memory, line, models } = deafStore();
    const consumption = await consumptionOf(memory);
    line.isDeaf = true;
    const consumptions = createConsumptions({
      models: {
        ...models,
        async consume(given) {
          try {
            return await models.consume(given);
          } finally {
            line.isDeaf = false;
          }
        },
      },
      logger,
    });
    expect(await consumptions.consume(consumption)).to.equal(true);
    expect(line.lost).to.equal(1);
  });

  it("takes an attempt back that nobody learnt of, so that the client may come again", async () => {
    const { memory, line, models } = deafStore();
    const consumption = await consumptionOf(memory);
    const consumptions = createConsumptions({ models, logger });
    line.isDeaf = true;
    expect(await rejectionOf(consumptions.consume(consumption))).to.include({ status: 503 });
    expect(await memory.find("AuthorizationCode", consumption.id)).to.have.property("consumed");
    line.isDeaf = false;
    await wait(600);
    expect(await memory.find("AuthorizationCode", consumption.id)).not.to.have.property("consumed");
    expect(await consumptions.consume({ ...consumption, attempt: "again" })).to.equal(true);
    await consumptions.stop();
  });

  it("lets a client that is back early wait for its code", async () => {
    const { memory, line, models } = deafStore();
    const consumption = await consumptionOf(memory);
    const consumptions = createConsumptions({ models, logger });
    line.isDeaf = true;
    await rejectionOf(consumptions.consume(consumption));
    const early = consumptions.consume({ ...consumption, attempt: "early" });
    line.isDeaf = false;
    expect(await early).to.equal(true);
    await consumptions.stop();
  });

  it("lets nobody wait for long", async () => {
    const { memory, line, models } = deafStore();
    const consumption = await consumptionOf(memory);
    const consumptions = createConsumptions({ models, logger });
    line.isDeaf = true;
    await rejectionOf(consumptions.consume(consumption));
    const startedAtMs = performance.now();
    const err = await rejectionOf(consumptions.consume({ ...consumption, attempt: "early" }));
    expect(err).to.include({ status: 503 });
    expect(performance.now() - startedAtMs).to.be.within(900, 2000);
    await consumptions.stop();
  });

  it("takes nothing back that it told of", async () => {
    const { memory, models } = deafStore();
    const consumption = await consumptionOf(memory);
    const consumptions = createConsumptions({ models, logger });
    expect(await consumptions.consume(consumption)).to.equal(true);
    expect(await consumptions.consume({ ...consumption, attempt: "thief" })).to.equal(false);
    await consumptions.stop();
  });

  it("passes on what is no outage, and takes nothing back then", async () => {
    const { memory } = deafStore();
    let withdrawals = 0;
    const broken: ModelStore = {
      ...memory,
      consume: () => Promise.reject(new TypeError("a mistake of ours")),
      async withdraw() {
        withdrawals++;
      },
    };
    const consumptions = createConsumptions({ models: translateOutages(broken), logger });
    const err = await rejectionOf(consumptions.consume(await consumptionOf(memory)));
    expect(err).to.be.instanceOf(TypeError);
    await wait(300);
    expect(withdrawals).to.equal(0);
  });

  it("stops while a store is away", async () => {
    const { memory, line, models } = deafStore();
    const consumption = await consumptionOf(memory);
    const consumptions = createConsumptions({ models, logger });
    line.isDeaf = true;
    await rejectionOf(consumptions.consume(consumption));
    const startedAtMs = performance.now();
    await consumptions.stop();
    expect(performance.now() - startedAtMs).to.be.below(1000);
  });
});
