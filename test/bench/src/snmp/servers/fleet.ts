import { lanePolicy, PollingLanes, systemClock } from '@dotmac/device';
import { SnmpEngine, SnmpError, snmpDriver } from '@dotmac/snmp';
import { community } from '../columns.ts';
import { serveParent, serverArgument } from '../process.ts';

export interface FleetArgument {
  /** Of the agents; the first `live` answer. */
  readonly ports: readonly number[];
  readonly live: number;
  readonly intervalSeconds: number;
}

export interface FleetReady {
  readonly pid: number;
}

/** Of one round, the mean of several. */
export interface FleetAnswer {
  /** User and system, in microseconds. */
  readonly cpu: number;
  /** Of live devices, and how long after they were due they were done, in milliseconds. */
  readonly livePolls: number;
  readonly late95: number;
}

/** The poller without its database: the real lanes, engine and driver, and the readings of `monitor/poll.ts`. */
if (import.meta.main) {
  const { ports, live, intervalSeconds } = serverArgument<FleetArgument>();
  const engine = new SnmpEngine({ clock: systemClock });
  const driver = snmpDriver(engine);
  const sessions = new Map(
    ports.map((port, index) => {
      const id = `${index < live ? 'live' : 'dead'}-${index}`;
      const target = { id, host: '127.0.0.1', port };
      return [id, driver.open(target, { version: '2c', community })] as const;
    }),
  );
  const lanes = new PollingLanes({ ...lanePolicy(intervalSeconds * 1_000), startPerSecond: ports.length });
  lanes.keep(
    [...sessions.keys()].map((id) => ({ id, silent: false, fresh: false })),
    performance.now(),
  );
  const late: number[] = [];
  let timer: NodeJS.Timeout | undefined;

  const poll = async (id: string, wasSilent: boolean) => {
    const session = sessions.get(id);
    if (session === undefined) throw new Error(`No session for ${id}`);
    const signal = AbortSignal.timeout(20_000);
    const context = { clock: systemClock, signal, priority: 'poll', operationId: id } as const;
    try {
      if (wasSilent) await session.alive?.(context, 1);
      let ports = 0;
      for await (const _ of session.read('health', context));
      for await (const _ of session.read('interface', context)) ports++;
      if (ports === 0) throw new Error(`${id} was read without its ports`);
      return 'answered';
    } catch (error) {
      if ((error as { cause?: unknown }).cause instanceof SnmpError) return 'silent';
      throw error;
    }
  };
  const begin = () => {
    clearTimeout(timer);
    for (const { id, lane } of lanes.begin(performance.now())) {
      const due = lanes.standing(id)?.dueAt ?? Number.NaN;
      void poll(id, lane === 'slow').then((end) => {
        const now = performance.now();
        lanes.ended(id, end, now);
        if (end === 'answered') late.push(now - due);
        begin();
      });
    }
    const next = lanes.nextAt();
    if (next === null) return;
    clearTimeout(timer);
    timer = setTimeout(begin, Math.max(1, next - performance.now()));
  };
  begin();

  const ready: FleetReady = { pid: process.pid };
  serveParent<{ rounds: number }>(ready, async ({ rounds }): Promise<FleetAnswer> => {
    late.length = 0;
    const before = process.cpuUsage();
    await new Promise((done) => setTimeout(done, rounds * intervalSeconds * 1_000));
    const { user, system } = process.cpuUsage(before);
    const sorted = late.toSorted((a, b) => a - b);
    return {
      cpu: (user + system) / rounds,
      livePolls: late.length / rounds,
      late95: sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN,
    };
  });
}
