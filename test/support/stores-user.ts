import { geteuid, setegid, seteuid, getegid } from "node:process";

/** "nobody" on every Linux. */
const ORDINARY_ID = 65_534;

/** Root may write anywhere: the work is done as a user who may not. Others are one already. */
export async function asOrdinaryUser(work: () => Promise<void>): Promise<void> {
  if (geteuid?.() !== 0) return work();
  const group = getegid?.() ?? 0;
  setegid?.(ORDINARY_ID);
  seteuid?.(ORDINARY_ID);
  try {
    await work();
  } finally {
    seteuid?.(0);
    setegid?.(group);
  }
}
