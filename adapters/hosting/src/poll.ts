import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks `probe` every `intervalMs` until it answers something other than undefined.
 * Gives undefined when `deadlineMs` have passed first. For facts the system does not announce
 * (a file of another process, a process that is not our child); everything else should be awaited.
 */
export async function poll<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  { deadlineMs, intervalMs = 10 }: { deadlineMs: number; intervalMs?: number },
): Promise<T | undefined> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined) return answer;
    if (performance.now() >= end) return undefined;
    await delay(intervalMs);
  }
}
