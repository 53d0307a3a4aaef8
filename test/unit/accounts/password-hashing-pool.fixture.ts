/** A worker for `password-hashing-pool.test.ts`: does as it is told. */
export async function runTask(task: "answer" | "throw" | "exit" | "wait"): Promise<string> {
  if (task === "throw") throw new Error("thrown in the worker");
  if (task === "exit") process.exit(1);
  if (task === "wait") await new Promise((resolve) => setTimeout(resolve, 50));
  return task;
}
