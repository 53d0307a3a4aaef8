/** The `code` of what the promise rejects with. @throws Error when it does not reject. */
export async function codeOfRejection(promise: Promise<unknown>): Promise<unknown> {
  const err = await rejectionOf(promise);
  return typeof err === "object" && err !== null && "code" in err ? err.code : err;
}

/** What the promise rejects with. @throws Error when it does not reject. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (err) {
    return err;
  }
  throw new Error(`fulfilled with ${String(value)} instead of rejecting`);
}
