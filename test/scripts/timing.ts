/**
 * Does the time of an answer tell whether there is an account? Sign-in with a wrong password,
 * sign-up and password reset, for names that have one and names that have none.
 *
 *   npm run timing [-- ROUNDS]
 *
 * Mail is delivered to a real SMTP server meanwhile. Ends with 1 when a test tells the two apart; the
 * last column is what the same test says of the same times with 5 % added to one side, to show that
 * it would see something.
 */
import { measureAnswers, TIMED, TIMED_ENVIRONMENT } from "../support/answer-times.js";
import { startMailServer } from "../support/mail-server.js";
import { startTestServer } from "../support/test-server.js";
import { compareSamples, quantile } from "../support/two-sample-test.js";

const ROUNDS = Number(process.argv[2] ?? 400);
/** Of six tests, so that chance alone seldom fails one of them. */
const LEAST_P = 0.01 / 6;

const mailServer = await startMailServer();
const server = await startTestServer({
  deliversMail: true,
  environment: {
    ...TIMED_ENVIRONMENT,
    SMTP_URL: mailServer.url,
    MAIL_FROM: "Latchkey <login@example.com>",
  },
});
const rows: Record<string, string>[] = [];
let isTold = false;
try {
  for (const timed of TIMED) {
    const times = await measureAnswers(server, timed, ROUNDS);
    const { mannWhitney, kolmogorovSmirnov } = compareSamples(times.known, times.unknown);
    isTold ||= mannWhitney.p < LEAST_P || kolmogorovSmirnov.p < LEAST_P;
    const shifted = times.known.map((ms) => ms * 1.05);
    for (const kind of ["known", "unknown"] as const) {
      rows.push({
        answer: timed,
        account: kind,
        n: String(times[kind].length),
        ...Object.fromEntries(
          [0.05, 0.25, 0.5, 0.75, 0.95].map((part) => [
            `${part * 100} %`,
            `${quantile(times[kind], part).toFixed(2)} ms`,
          ]),
        ),
        ...(kind === "known"
          ? { z: "", p: "", "KS d": "", "KS p": "", "p with 5 % added": "" }
          : {
              z: mannWhitney.z.toFixed(2),
              p: mannWhitney.p.toFixed(3),
              "KS d": kolmogorovSmirnov.d.toFixed(3),
              "KS p": kolmogorovSmirnov.p.toFixed(3),
              "p with 5 % added": compareSamples(
                shifted,
                times.unknown,
              ).mannWhitney.p.toExponential(1),
            }),
      });
    }
  }
} finally {
  await server.close();
  await mailServer.close();
}
console.table(rows);
console.log(isTold ? "The times tell whether there is an account." : "The times tell nothing.");
process.exitCode = isTold ? 1 : 0;
