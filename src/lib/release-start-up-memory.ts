/**
 * Collects once what starting has left behind: parsed modules, compiled templates. It would stay until
 * there is load, since the start command lets the young generation grow large (64 MB), which spares a
 * busy server a tenth of its time. Needs `--expose-gc`; without it nothing happens.
 */
export async function releaseStartUpMemory(): Promise<void> {
  await globalThis.gc?.({ type: "major", flavor: "last-resort", execution: "async" });
}
