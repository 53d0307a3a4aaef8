import { expect } from "chai";
import {
  measureAnswers,
  TIMED,
  TIMED_ENVIRONMENT,
  type AnswerTimes,
} from "../support/answer-times.js";
import { startTestServer, type TestServer } from "../support/test-server.js";
import { compareSamples } from "../support/two-sample-test.js";

/** Enough to see a hash or a write that only one side makes; `npm run timing` sees more. */
const ROUNDS = 40;
/** One in a thousand by chance, and then it is measured once more. */
const LEAST_P = 0.001;
/** Some are sent at once. */
const inOrder = (one: string, other: string) => one.localeCompare(other);
const OF_ACCOUNTS = /account_identifier|attempt|one_time_code|mail_message/;

describe("the time and work of an answer (ASVS 5.0 6.3.8)", function () {
  this.timeout(120_000);
  let server: TestServer;
  before(async () => {
    server = await startTestServer({
      embedded: true,
      environment: TIMED_ENVIRONMENT,
    });
  });
  after(() => server.close());

  /** What each answer asked of the database, as one text. */
  async function statementsOf(timed: (typeof TIMED)[number]) {
    const { knex } = server.database;
    const seen = { known: new Set<string>(), unknown: new Set<string>() };
    let statements: string[] = [];
    let answers = 0;
    const note = ({ sql }: { sql: string }) => {
      // Others are of what every process looks at now and then.
      if (OF_ACCOUNTS.test(sql)) statements.push(sql.replaceAll(/\d{10}/g, "now"));
    };
    knex.on("query", note);
    try {
      await measureAnswers(server, timed, 5, (kind) => {
        // Before the first answer the accounts were made.
        if (answers++ > 0) seen[kind].add(statements.toSorted(inOrder).join("\n"));
        statements = [];
      });
    } finally {
      knex.removeListener("query", note);
    }
    return seen;
  }

  for (const timed of TIMED) {
    it(`tells nothing at the ${timed}: the same statements`, async () => {
      const { known, unknown } = await statementsOf(timed);
      expect([...known]).to.deep.equal([...unknown]);
      expect([...known]).to.have.lengthOf(1);
    });

    it(`tells nothing at the ${timed}: no test tells the times apart`, async () => {
      const isAlike = ({ known, unknown }: AnswerTimes) => {
        const { mannWhitney, kolmogorovSmirnov } = compareSamples(known, unknown);
        return mannWhitney.p > LEAST_P && kolmogorovSmirnov.p > LEAST_P;
      };
      const first = isAlike(await measureAnswers(server, timed, ROUNDS));
      expect(first || isAlike(await measureAnswers(server, timed, ROUNDS))).to.equal(true);
    });
  }
});

describe("the two-sample tests", () => {
  const ramp = (from: number) => Array.from({ length: 100 }, (_, index) => from + index);

  it("see a shift, and none where there is none", () => {
    const same = compareSamples(ramp(0), ramp(0.5));
    expect(same.mannWhitney.p).to.be.greaterThan(0.5);
    expect(same.kolmogorovSmirnov.p).to.be.greaterThan(0.5);
    const shifted = compareSamples(ramp(0), ramp(40));
    expect(shifted.mannWhitney.p).to.be.lessThan(0.001);
    expect(shifted.kolmogorovSmirnov.p).to.be.lessThan(0.001);
  });

  it("agree with a table: U of two samples of ten, without ties", () => {
    const a = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const b = [6.5, 7.5, 8.5, 9.5, 10.5, 11, 12, 13, 14, 15];
    // U = 10: of 100 pairs, a is the larger in 4 + 3 + 2 + 1.
    expect(compareSamples(a, b).mannWhitney.z).to.be.closeTo((10 - 50) / Math.sqrt(175), 1e-9);
    expect(compareSamples(a, b).kolmogorovSmirnov.d).to.be.closeTo(0.6, 1e-9);
  });
});
