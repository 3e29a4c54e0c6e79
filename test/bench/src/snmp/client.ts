import { serveParent } from './process.ts';

/** What a client is told: which agents, and how to speak to them. */
export interface ClientArgument {
  readonly ports: readonly number[];
  readonly version: '2c' | '3';
}

export interface RoundAnswer {
  /** User and system, in microseconds. */
  readonly cpu: number;
  readonly milliseconds: number;
  /** Values read; every client must read all of them. */
  readonly cells: number;
  /** Milliseconds from the start of the round to the end of each device that answered. */
  readonly finished: readonly number[];
  /** Resident memory in bytes. */
  readonly memory: number;
}

/** Polls every port once, as many at a time as the client allows, and says what that took. */
export function serveRounds(
  ports: readonly number[],
  atOnce: number,
  poll: (port: number) => Promise<number>,
): void {
  serveParent<object>({}, async (): Promise<RoundAnswer> => {
    const before = process.cpuUsage();
    const began = performance.now();
    const finished: number[] = [];
    let cells = 0;
    let next = 0;
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let port = ports[next++]; port !== undefined; port = ports[next++]) {
          const got = await poll(port);
          cells += got;
          if (got > 0) finished.push(performance.now() - began);
        }
      }),
    );
    const { user, system } = process.cpuUsage(before);
    return {
      cpu: user + system,
      milliseconds: performance.now() - began,
      cells,
      finished,
      memory: process.memoryUsage.rss(),
    };
  });
}
