import { setTimeout as delay } from "node:timers/promises";
import type { ServerNode } from "../server-nodes.js";
import type { Fault } from "./fault.js";

const RESTART_WITHIN_MS = 300;

/** Of the server processes themselves. */
export function nodeFaults(nodes: readonly ServerNode[], rounds: number): Fault[] {
  const restart = async (node: ServerNode | undefined, signal: NodeJS.Signals) => {
    await delay(Math.random() * RESTART_WITHIN_MS);
    await node?.stop(signal);
    await node?.start();
  };
  const repeat = (act: (round: number) => Promise<unknown>) => async () => {
    for (let round = 0; round < rounds; round++) await act(round);
  };
  return [
    {
      name: `one node killed (SIGKILL), ${rounds} times in turn`,
      run: repeat((round) => restart(nodes[round % nodes.length], "SIGKILL")),
    },
    {
      name: `one node in a crash loop, ${rounds} times`,
      run: repeat(() => restart(nodes[0], "SIGKILL")),
    },
    {
      name: `all nodes killed at once, ${rounds} times`,
      run: repeat(() => Promise.all(nodes.map((node) => restart(node, "SIGKILL")))),
    },
    {
      name: `rolling restart (SIGTERM), ${rounds} times`,
      run: repeat((round) => restart(nodes[round % nodes.length], "SIGTERM")),
    },
  ];
}
