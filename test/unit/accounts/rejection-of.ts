/** What the promise rejects with. @throws Error when it does not reject. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`Fulfilled with ${String(value)} instead of rejecting.`);
}
