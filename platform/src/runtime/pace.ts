import v8 from 'node:v8';
import type { Logger } from '../telemetry/logger.ts';

/**
 * Node's flags for a process that is idle most of the time: a third less memory by a small nursery, and by code that is
 * compiled only when it is hot. The latter costs half of the speed; see `favourSpeedWhenBusy`.
 */
export const idleProcessFlags = [
  '--max-old-space-size=192',
  '--max-semi-space-size=4',
  '--optimize-for-size',
  // The RADIUS server's sockets use `node:ffi` where it works as expected, and say so in their documentation, not at every start.
  '--disable-warning=ExperimentalWarning',
] as const;

const lookMilliseconds = 1_000;
/** From here on CPU time is worth more than memory. */
const busyPerSecond = 100;

/**
 * Gives up what `idleProcessFlags` gain once the process handles a hundred requests in a second, for good: the code that
 * is hot is then compiled for speed. Costs an idle process one look a second.
 * @param count how many requests there were so far.
 */
export function favourSpeedWhenBusy(count: () => number, logger: Logger): void {
  let before = count();
  const timer = setInterval(() => {
    const now = count();
    const perSecond = ((now - before) * 1_000) / lookMilliseconds;
    before = now;
    if (perSecond < busyPerSecond) return;
    clearInterval(timer);
    v8.setFlagsFromString('--no-optimize-for-size');
    logger.info({ perSecond }, 'busy: from now on code is compiled for speed, not for size');
  }, lookMilliseconds);
  timer.unref();
}
