import type { Report } from '../report.ts';
import type { RoundAnswer } from './client.ts';
import { startWorker } from './process.ts';

const devices = 200;
export const sensorsPerDevice = 24;
/** What each measures, and whether it is well. */
export const readingsPerDevice = 2 * sensorsPerDevice;
/** Of the fleet beside which this is put; see `fleet.ts`. */
const fleet = { devices: 10_000, intervalSeconds: 300 };
const rounds = { warm: 10, measured: 5 };

/** What the sensors of 10,000 devices cost besides their polls: read from 200 in turn, without storage. */
export async function run(report: Report): Promise<void> {
  const agents = await startWorker<{ ports: number[] }, object, object>('sensor-agents.ts', {
    count: devices,
  });
  try {
    const reader = await startWorker<object, object, RoundAnswer>('sensor-reader.ts', agents.ready);
    try {
      for (let i = 0; i < rounds.warm; i++) await reader.ask({});
      let cpu = 0;
      for (let i = 0; i < rounds.measured; i++) cpu += (await reader.ask({})).cpu / rounds.measured;
      const perInterval = (cpu / 1e6) * (fleet.devices / devices);
      const name = `${fleet.devices} devices of ${sensorsPerDevice} sensors`;
      report.figure({
        metric: `${name}: CPU an interval, without storage`,
        value: Number(perInterval.toFixed(3)),
        unit: 's',
      });
      report.figure({
        metric: `${name}: share of one core at ${fleet.intervalSeconds} s`,
        value: Number(((100 * perInterval) / fleet.intervalSeconds).toFixed(3)),
        unit: '%',
      });
    } finally {
      await reader.stop();
    }
  } finally {
    await agents.stop();
  }
}
