/** 500: far below the parameters that a statement may have, and read within milliseconds. */
const MAX_KEYS = 500;

/**
 * Finds one row by its key. What is asked for at the same moment is read by one statement, which
 * costs little more than a single row.
 *
 * @param readRows the rows of these keys that are there, in any order.
 */
export function createBatchedFind<Row>(
  readRows: (keys: readonly string[]) => PromiseLike<readonly Row[]>,
  keyOf: (row: Row) => string,
): (key: string) => Promise<Row | undefined> {
  let batch: Batch<Row> | undefined;

  async function read(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, Row>> {
    // Whoever asks until then, in this turn of the event loop, is answered by this statement.
    await Promise.resolve();
    batch = undefined;
    const rows = await readRows([...keys]);
    return new Map(rows.map((row) => [keyOf(row), row]));
  }

  return async (key) => {
    if (batch === undefined || batch.keys.size >= MAX_KEYS) {
      const keys = new Set<string>();
      batch = { keys, rows: read(keys) };
    }
    batch.keys.add(key);
    return (await batch.rows).get(key);
  };
}

interface Batch<Row> {
  readonly keys: Set<string>;
  readonly rows: Promise<ReadonlyMap<string, Row>>;
}
