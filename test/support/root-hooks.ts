import { describeMissing } from "./missing-services.js";

/** For `require` in `.mocharc.json`: runs once, after the summary, however many processes ran tests. */
export function mochaGlobalTeardown(): void {
  const line = describeMissing();
  if (line !== undefined) process.stdout.write(`${line}\n`);
}
