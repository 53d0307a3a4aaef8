/** 4: an application that signs out many people at once gets them soon, and is not overrun. */
const PER_DESTINATION = 4;
/** 1 s: a destination that takes longer, or fails, holds one delivery at a time until it is well. */
const SLOW_MS = 1_000;

/** What this process has under way for each host, so that a slow one holds back only itself. */
export interface DestinationLimits {
  /** Those that get no more now. */
  full(): string[];
  begin(destination: string): void;
  end(destination: string, result: { readonly succeeded: boolean; readonly tookMs: number }): void;
}

export function createDestinationLimits(): DestinationLimits {
  const running = new Map<string, number>();
  const unwell = new Set<string>();

  return {
    full: () =>
      [...running].flatMap(([destination, count]) =>
        count >= (unwell.has(destination) ? 1 : PER_DESTINATION) ? [destination] : [],
      ),

    begin(destination) {
      running.set(destination, (running.get(destination) ?? 0) + 1);
    },

    end(destination, { succeeded, tookMs }) {
      const left = (running.get(destination) ?? 1) - 1;
      if (left === 0) running.delete(destination);
      else running.set(destination, left);
      if (succeeded && tookMs < SLOW_MS) unwell.delete(destination);
      else unwell.add(destination);
    },
  };
}
