import { ServerResponse } from "node:http";

/**
 * Lets time pass for the whole process, server and library included, while `work` runs. `Date.now`
 * is where all of them read it, save Node.js for the header `Date`, by which browsers notice that
 * their own clock is wrong.
 */
export async function laterBy<Result>(
  seconds: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const realNow = Date.now;
  const realWriteHead = Reflect.get(ServerResponse.prototype, "writeHead");
  Date.now = () => realNow() + seconds * 1000;
  Reflect.set(
    ServerResponse.prototype,
    "writeHead",
    function writeHeadLater(this: ServerResponse, ...told: Parameters<typeof realWriteHead>) {
      this.setHeader("Date", new Date(Date.now()).toUTCString());
      return Reflect.apply(realWriteHead, this, told);
    },
  );
  try {
    return await work();
  } finally {
    Date.now = realNow;
    Reflect.set(ServerResponse.prototype, "writeHead", realWriteHead);
  }
}
