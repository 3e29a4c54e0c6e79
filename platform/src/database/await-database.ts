import { setTimeout as delay } from 'node:timers/promises';
import { isDatabaseOutage } from './outage.ts';

const intervalMilliseconds = 20;

/**
 * Asks until the database answers: it may still be made, or recover. Failures that are not the server's are thrown at
 * once.
 * @param deadlineMilliseconds from now; then the last failure is thrown.
 */
export async function awaitDatabase<T>(ask: () => Promise<T>, deadlineMilliseconds: number): Promise<T> {
  const deadline = performance.now() + deadlineMilliseconds;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isDatabaseOutage(error) || performance.now() > deadline) throw error;
      await delay(intervalMilliseconds);
    }
  }
}
