import { createHash } from "node:crypto";
import type { Logger } from "../lib/logger.js";

export interface PwnedRangeDeps {
  /** Of a service that answers as `api.pwnedpasswords.com/range/`; the prefix is put behind it. */
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly logger: Pick<Logger, "warn">;
}

/** 1.5 s: a person waits for it. */
const TIMEOUT_MS = 1500;
const PREFIX_CHARACTERS = 5;

/**
 * Asks a service for the breached passwords whose SHA-1 begins as this one's: it learns five of forty
 * characters, and no length, since answers are padded. While it does not answer, nothing is refused
 * for its sake, and a line is logged.
 */
export function createPwnedRange({ url, fetch: get, logger }: PwnedRangeDeps) {
  return async (password: string): Promise<boolean> => {
    const hash = createHash("sha1").update(password).digest("hex").toUpperCase();
    try {
      const answer = await get(url + hash.slice(0, PREFIX_CHARACTERS), {
        headers: { "Add-Padding": "true" },
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      return isListed(await answer.text(), hash.slice(PREFIX_CHARACTERS));
    } catch (err) {
      const reason = err instanceof Error ? err.message : String(err);
      logger.warn({ reason }, "the service of breached passwords did not answer: not compared");
      return false;
    }
  };
}

/** Lines of suffix and count; those that pad have the count 0. */
function isListed(answer: string, suffix: string): boolean {
  return answer.split("\n").some((line) => {
    const [listed = "", count = ""] = line.trim().split(":");
    return listed.toUpperCase() === suffix && Number(count) > 0;
  });
}
