/**
 * Loaded into every server that is measured (`node --import`): tells the parent, when it asks, what
 * this process has used so far.
 */
export interface Usage {
  /** User and system time of all threads, in microseconds. */
  readonly cpuUs: number;
  readonly residentBytes: number;
}

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  const usage: Usage = { cpuUs: user + system, residentBytes: process.memoryUsage.rss() };
  process.send?.(usage);
});
// The server decides when this process ends.
process.channel?.unref();
