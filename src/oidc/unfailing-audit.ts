import type { Audit } from "../lib/audit.js";

/**
 * The same audit, except that a line which cannot be written (a full disk) does not fail what it
 * tells of. The loss goes to standard error, as a warning of the process.
 */
export function createUnfailingAudit(audit: Audit): Audit {
  return (entry) => {
    try {
      audit(entry);
    } catch (err) {
      process.emitWarning(`audit line "${entry.event}" is lost`, { detail: String(err) });
    }
  };
}
