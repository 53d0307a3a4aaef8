import { openKeepAliveConnection, type KeepAliveConnection } from "./keep-alive-connection.js";
import { createTurns, type Operation, type Turns } from "./operations.js";
import type { Population } from "./population.js";
import type { ServerUnderTest } from "./server-under-test.js";

/** A server with those who use it. */
export interface Subject {
  readonly server: ServerUnderTest;
  readonly turns: Turns;
  readonly connections: readonly KeepAliveConnection[];
}

export interface Slice {
  readonly perSecond: number;
  /** CPU time of the server for one operation, all threads. */
  readonly cpuUs: number;
  /** How much of the time this process was busy; near 1, it is what is measured. */
  readonly generatorShare: number;
}

/** The slices of one operation on one server. */
export interface Measurement {
  readonly operation: Operation;
  readonly server: string;
  readonly slices: readonly Slice[];
}

export interface MeasureOptions {
  readonly rounds: number;
  /** Rounds before those of each operation, while the servers' code is compiled; not counted. */
  readonly warmUpRounds: number;
  readonly sliceMs: number;
}

export async function createSubject(
  server: ServerUnderTest,
  population: Population,
  connectionCount: number,
): Promise<Subject> {
  const connections = await Promise.all(
    Array.from({ length: connectionCount }, () => openKeepAliveConnection(server.port)),
  );
  return { server, connections, turns: createTurns(`localhost:${server.port}`, population) };
}

/**
 * One operation after the other, each in slices by turns of all servers, in one order and then in
 * the other, so that whatever else the machine does meets all of them.
 */
export async function measure(
  subjects: readonly Subject[],
  operations: readonly Operation[],
  { rounds, warmUpRounds, sliceMs }: MeasureOptions,
): Promise<Measurement[]> {
  const measurements = operations.flatMap((operation) =>
    subjects.map((subject) => ({
      operation,
      subject,
      server: subject.server.name,
      slices: [] as Slice[],
    })),
  );
  for (const operation of operations) {
    const turn = measurements.filter((each) => each.operation === operation);
    for (let round = -warmUpRounds; round < rounds; round++) {
      for (const { subject, slices } of round % 2 === 0 ? turn : turn.toReversed()) {
        const slice = await runSlice(subject, operation, sliceMs);
        if (round >= 0) slices.push(slice);
      }
    }
  }
  return measurements;
}

async function runSlice(
  { server, turns, connections }: Subject,
  operation: Operation,
  sliceMs: number,
): Promise<Slice> {
  const before = await server.readUsage();
  const ownBefore = process.cpuUsage();
  const startMs = performance.now();
  let count = 0;
  const work = connections.map(async (connection) => {
    while (performance.now() - startMs < sliceMs) {
      await operation.run(connection, turns);
      count++;
    }
  });
  await Promise.all(work);
  const durationMs = performance.now() - startMs;
  const own = process.cpuUsage(ownBefore);
  const after = await server.readUsage();
  return {
    perSecond: (count * 1000) / durationMs,
    cpuUs: (after.cpuUs - before.cpuUs) / count,
    generatorShare: (own.user + own.system) / 1000 / durationMs,
  };
}
