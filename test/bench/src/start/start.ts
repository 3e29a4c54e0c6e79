import { median, newInstallation, rounded } from '../installation.ts';
import type { Report } from '../report.ts';

const warmStarts = 3;

/** `dotmac start` until `ready`: once on an empty state folder, then on its own data. */
export async function run(report: Report): Promise<void> {
  await using installation = await newInstallation();
  const cold = await installation.start();
  report.figure({ metric: 'cold start until ready', value: rounded(cold.seconds), unit: 's' });
  if (cold.cpuSeconds !== null)
    report.figure({ metric: 'CPU of a cold start', value: rounded(cold.cpuSeconds), unit: 's' });
  const begun = performance.now();
  await cold.stop();
  report.figure({ metric: 'stop', value: rounded((performance.now() - begun) / 1000), unit: 's' });
  // The first one after a cold start still fills caches.
  await (await installation.start()).stop();
  const warm = [];
  for (let index = 0; index < warmStarts; index += 1) {
    const started = await installation.start();
    await started.stop();
    warm.push(started);
  }
  report.figure({
    metric: 'warm start until ready',
    value: rounded(median(warm.map(({ seconds }) => seconds))),
    unit: 's',
  });
  const cpu = warm.flatMap(({ cpuSeconds }) => cpuSeconds ?? []);
  if (cpu.length > 0)
    report.figure({ metric: 'CPU of a warm start', value: rounded(median(cpu)), unit: 's' });
}
