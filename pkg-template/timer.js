// @ts-check
// setTimeout counts in 32 bits; a longer wait would fire at once.

export const LONGEST_TIMER_MS = 2 ** 31 - 1;
