import { describeMissing } from "./missing-services.js";

/** Mocha's root hooks, for `require` in `.mocharc.json`. */
export const mochaHooks = {
  afterAll() {
    const line = describeMissing();
    // After the reporter's own lines about the last suite, and apart from them.
    if (line !== undefined) process.stdout.write(`\n${line}\n`);
  },
};
