/** 2 s: a restart of a client behind a balancer takes no longer. */
const FIRST_DELAY_SECONDS = 2;
/** 5 min: what a client that is back has to wait at most. */
const LAST_DELAY_SECONDS = 300;

/**
 * How long after a failed attempt the next one follows: doubled each time, with a random half taken
 * off, so that what failed together does not return together.
 *
 * @param failures how many attempts have failed, 1 or more.
 * @param random from 0 up to, but not including, 1.
 */
export function retryDelaySeconds(failures: number, random: number): number {
  const doubled = FIRST_DELAY_SECONDS * 2 ** Math.min(failures - 1, 30);
  return Math.ceil(Math.min(doubled, LAST_DELAY_SECONDS) * (1 - random / 2));
}
