import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { NodeMemory } from "./soak-node.js";

export interface SoakNode {
  measureMemory(): Promise<NodeMemory>;
  stop(): Promise<void>;
}

/** @throws when it does not come up; why is printed by itself. */
export async function startSoakNode(environment: Record<string, string>): Promise<SoakNode> {
  const child = fork(fileURLToPath(new URL("soak-node.js", import.meta.url)), {
    env: { PATH: process.env["PATH"], ...environment },
    execArgv: ["--expose-gc", "--max-semi-space-size=4"],
  });
  const exited = once(child, "exit");
  const failed = exited.then(() => Promise.reject(new Error("the server ended")));
  failed.catch(() => {}); // reported by whoever waits for a message
  const message = () => Promise.race([once(child, "message"), failed]) as Promise<[unknown]>;
  await message();
  return {
    async measureMemory() {
      const answer = message();
      child.send("memory");
      return (await answer)[0] as NodeMemory;
    },
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
