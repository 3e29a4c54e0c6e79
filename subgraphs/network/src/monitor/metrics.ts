import type { Lane, PollEnd, PollingLanes } from '@dotmac/device';
import { Counter, Gauge, type Registry } from '@dotmac/platform';

export interface PollCounters {
  ended(lane: Lane, end: PollEnd): void;
}

/** As many overrunning devices as are named in the metrics; the graph names all. */
const mostNamed = 50;

/** The poller's metrics: lanes, what is in flight, how polls ended, and which devices take longer than their interval. */
export function countPolls(
  registry: Registry,
  lanes: PollingLanes,
  { now, nameOf }: { readonly now: () => number; readonly nameOf: (deviceId: string) => string },
): PollCounters {
  new Gauge({
    name: 'dotmac_network_poll_devices',
    help: 'Devices that are polled, by lane',
    labelNames: ['lane'],
    registers: [registry],
    collect() {
      for (const lane of ['fast', 'slow'] as const) this.set({ lane }, lanes.count(lane));
    },
  });
  new Gauge({
    name: 'dotmac_network_polls_in_flight',
    help: 'Polls under way',
    registers: [registry],
    collect() {
      this.set(lanes.inFlight);
    },
  });
  new Gauge({
    name: 'dotmac_network_poll_overruns',
    help: `Polls left out because the one before took longer than the interval, by device (at most ${mostNamed} named)`,
    labelNames: ['device'],
    registers: [registry],
    collect() {
      this.reset();
      for (const id of lanes.overrunning(now()).slice(0, mostNamed))
        this.set({ device: nameOf(id) }, lanes.standing(id)?.overruns ?? 0);
    },
  });
  const polls = new Counter({
    name: 'dotmac_network_polls_total',
    help: 'Polls by lane and by how they ended',
    labelNames: ['lane', 'end'],
    registers: [registry],
  });
  return { ended: (lane, end) => polls.inc({ lane, end }) };
}
