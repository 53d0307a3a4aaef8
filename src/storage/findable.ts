/** Nothing is stored under a key with NUL: PostgreSQL has no such text, and fails when asked for it. */
export function isFindable(key: string): boolean {
  return !key.includes("\0");
}
