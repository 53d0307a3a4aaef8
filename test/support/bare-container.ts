/**
 * What a container engine does for one process, by the kernel's own means (util-linux): a root of its
 * own that is read-only, a tmpfs for /tmp, process number 1, another user, no capability. The network
 * is the machine's. Linux, as root.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export interface BareContainer {
  /** Holds the image's own folders and `bin`, which comes first in PATH; the machine's libraries are mounted in. */
  readonly root: string;
  readonly user: string;
  readonly environment: Record<string, string>;
  /** Folders of the machine by where they are mounted: those below `/run` read-only, others writable. */
  readonly mounts: Record<string, string>;
}

export interface BareProcess {
  /** Everything printed so far, both streams. */
  output(): string;
  /** Delivers a signal as an engine does: from outside, to process 1. */
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** $1: root, $2: user, $3: mounts as `from:to`, one a line; then the command. */
const SET_UP = `
set -eu
root=$1 user=$2 mounts=$3; shift 3
mount --bind "$root" "$root"
for each in bin sbin lib lib64 usr etc; do
  [ -d "/$each" ] || continue
  mkdir -p "$root/$each"
  mount --bind "/$each" "$root/$each"
  mount -o remount,bind,ro "$root/$each"
done
mkdir -p "$root/dev" "$root/proc" "$root/tmp"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=64m,mode=1777 tmpfs "$root/tmp"
echo "$mounts" | while IFS=: read -r from to; do
  [ -n "$from" ] || continue
  mkdir -p "$root$to"
  mount --bind "$from" "$root$to"
  case "$to" in /run/*) mount -o remount,bind,ro "$root$to" ;; esac
done
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs \\
  --inh-caps=-all --ambient-caps=-all --bounding-set=-all sh -c 'cd /app && exec "$@"' sh "$@"
`;

export function startInContainer(
  { root, user, environment, mounts }: BareContainer,
  command: readonly string[],
  input = "",
): BareProcess {
  const list = Object.entries(mounts).map(([to, from]) => `${from}:${to}`);
  const flags = ["--mount", "--pid", "--fork", "--kill-child"];
  const args = [...flags, "sh", "-c", SET_UP, "sh", root, user, list.join("\n"), ...command];
  const child = spawn("unshare", args, {
    env: { PATH: `/bin-of-image:${process.env["PATH"]}`, ...environment },
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(input);
  return {
    output: () => output,
    signal(name) {
      // unshare itself ignores signals; its only child is process 1.
      const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
      process.kill(Number(children.trim()), name);
    },
    ended: once(child, "close").then(() => child.exitCode),
  };
}

/** Runs a command to its end. @throws with what it printed unless it ends with `code`. */
export async function runInContainer(
  container: BareContainer,
  command: readonly string[],
  { code = 0, input = "" } = {},
): Promise<string> {
  const started = startInContainer(container, command, input);
  const actual = await started.ended;
  if (actual === code) return started.output().trim();
  throw new Error(`${command.join(" ")}: exit code ${actual}, not ${code}\n${started.output()}`);
}

/** Asks every 100 ms. @throws with what the process printed when it ends first or 20 s are over. */
export async function waitUntil(
  holds: () => Promise<boolean>,
  running: BareProcess,
): Promise<void> {
  let hasEnded = false;
  void running.ended.then(() => (hasEnded = true));
  for (let waitedMs = 0; waitedMs < 20_000 && !hasEnded; waitedMs += 100) {
    if (await holds()) return;
    await delay(100);
  }
  throw new Error(`not within 20 s:\n${running.output()}`);
}
