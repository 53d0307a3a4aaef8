/**
 * Lets time pass for the whole process, server and library included, while `work` runs. `Date.now`
 * is where all of them read it.
 */
export async function laterBy<Result>(
  seconds: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const realNow = Date.now;
  Date.now = () => realNow() + seconds * 1000;
  try {
    return await work();
  } finally {
    Date.now = realNow;
  }
}
