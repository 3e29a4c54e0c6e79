import { readFileSync } from 'node:fs';
import type { Report } from '../report.ts';
import { portsPerDevice } from './columns.ts';
import { startWorker } from './process.ts';
import type { FleetAnswer, FleetArgument, FleetReady } from './servers/fleet.ts';

/** The fleet of a large ISP, and how much shorter its interval of five minutes is made here. */
const fleet = { devices: 10_000, intervalSeconds: 300, measuredSeconds: 20 };
/** Two fleets of the same live devices, one with as many dead ones besides as make a fifth of it. */
const mixed = { live: 1_000, dead: 250, intervalSeconds: 5 };

/** What polling takes: 10,000 devices of 48 ports every five minutes; and what dead devices cost the live ones. */
export async function run(report: Report): Promise<void> {
  await delays(report);
  await load(report);
}

async function delays(report: Report): Promise<void> {
  const { live, dead, intervalSeconds } = mixed;
  const healthy = await poll({ live, dead: 0, intervalSeconds, warm: 2, rounds: 3 });
  const ailing = await poll({ live, dead, intervalSeconds, warm: 2, rounds: 3 });
  report.figure({
    metric: `polls of ${live} live devices completed in a round, with ${dead} dead ones besides; peer: without`,
    value: round(ailing.livePolls),
    unit: 'polls',
    peer: 'DotMac without dead devices',
    peerValue: round(healthy.livePolls),
    ratio: round(ailing.livePolls / healthy.livePolls),
  });
  report.figure({
    metric: 'the same: from when a poll of a live device was due to when it was done, 95th percentile',
    value: round(ailing.late95),
    unit: 'ms',
    peer: 'DotMac without dead devices',
    peerValue: round(healthy.late95),
    ratio: round(healthy.late95 / ailing.late95),
  });
}

async function load(report: Report): Promise<void> {
  const { devices, intervalSeconds, measuredSeconds } = fleet;
  const answer = await poll({ live: devices, dead: 0, intervalSeconds: measuredSeconds, warm: 1, rounds: 2 });
  const name = `${devices} devices of ${portsPerDevice} ports`;
  const whole = answer.livePolls / devices;
  report.figure({
    metric: `${name}: polls completed in an interval, of those due`,
    value: round(whole),
    unit: '',
  });
  const perInterval = answer.cpu / 1e6 / whole;
  report.figure({
    metric: `${name}: CPU an interval, without storage`,
    value: round(perInterval),
    unit: 's',
  });
  report.figure({
    metric: `${name}: share of one core at ${intervalSeconds} s`,
    value: round((100 * perInterval) / intervalSeconds),
    unit: '%',
  });
  report.figure({ metric: `${name}: memory (PSS)`, value: round(answer.memory / 1e6), unit: 'MB' });
  report.note(
    `the agents took ${round(answer.agents / 1e6)} s of CPU an interval, which is not in these figures`,
  );
}

interface Measured extends FleetAnswer {
  /** CPU of the agents in a round, in microseconds. */
  readonly agents: number;
  /** PSS of the poller in bytes. */
  readonly memory: number;
}

/** Polls a fleet until everything is found out, and then for the rounds: means of one round. */
async function poll(fleet: {
  readonly live: number;
  readonly dead: number;
  readonly intervalSeconds: number;
  readonly warm: number;
  readonly rounds: number;
}): Promise<Measured> {
  const { live, dead, intervalSeconds, warm, rounds } = fleet;
  const agents = await startWorker<{ ports: number[] }, object, { cpu: number }>('agents.ts', {
    count: live,
    deaf: dead,
  });
  try {
    const argument: FleetArgument = { ports: agents.ready.ports, live, intervalSeconds };
    const poller = await startWorker<FleetReady, { rounds: number }, FleetAnswer>('fleet.ts', argument);
    try {
      await poller.ask({ rounds: warm });
      const before = await agents.ask({});
      const answer = await poller.ask({ rounds });
      const after = await agents.ask({});
      return {
        ...answer,
        agents: (after.cpu - before.cpu) / rounds,
        memory: proportionalSetSize(poller.ready.pid),
      };
    } finally {
      await poller.stop();
    }
  } finally {
    await agents.stop();
  }
}

/** proc(5): `Pss:` in smaps_rollup, in kB of 1024 octets. */
function proportionalSetSize(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
}

const round = (value: number) => Number(value.toFixed(3));
