/** When the wait of a sample is over. */
export const WAIT_OVER = { atSeconds: 1_795_880_700, show: "time" } as const;
