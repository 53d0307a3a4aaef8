/** When to look again: at once after `wake`, or after a while. */
export interface Occasions {
  readonly wake: () => void;
  /** Resolves at once when `wake` was called since it last resolved. */
  next(): Promise<void>;
}

/** @param intervalMs the longest that `next` waits; a random half is taken off, so that processes spread. */
export function createOccasions(intervalMs: number): Occasions {
  let isAwake = false;
  let resume: (() => void) | undefined;
  return {
    wake() {
      isAwake = true;
      resume?.();
    },
    async next() {
      if (!isAwake) {
        const waitMs = intervalMs * (1 - Math.random() / 2);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, waitMs).unref();
          resume = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        resume = undefined;
      }
      isAwake = false;
    },
  };
}
