import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ChildAnswer, ChildCall } from "./stores-child.js";

export interface StoresChild {
  /** One call at a time. @throws Error with the child's `code` */
  call(call: ChildCall): Promise<unknown>;
  /** As `kill -9` does: nothing in it runs any more. */
  kill(): Promise<void>;
}

const children = new Set<StoresChild>();

export function startStoresChild(): StoresChild {
  const child = fork(fileURLToPath(new URL("stores-child.js", import.meta.url)));
  const exited = once(child, "exit");
  const self: StoresChild = {
    async call(call) {
      child.send(call);
      const [answer] = (await Promise.race([
        once(child, "message"),
        exited.then(() => Promise.reject(new Error(`the child ended in ${call.command}`))),
      ])) as [ChildAnswer];
      if (answer.error === undefined) return answer.value;
      throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
    },
    async kill() {
      children.delete(self);
      child.kill("SIGKILL");
      await exited;
    },
  };
  children.add(self);
  return self;
}

/** For `after`: ends those that a test has left. */
export async function killStoresChildren(): Promise<void> {
  await Promise.all([...children].map((child) => child.kill()));
}
