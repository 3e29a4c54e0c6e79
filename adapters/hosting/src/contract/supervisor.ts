/**
 * A supervisor in a process of its own, for tests that kill it: opens the home given as argument, starts a
 * database and a workload, writes one line of JSON and stays.
 */
import { openProcessHosting } from '../hosting.ts';
import { waitUntilReady } from '../wait-until.ts';
import { databaseSpec, sampleMigrate, sampleSpec } from './samples.ts';

const [home = ''] = process.argv.slice(2);
const hosting = await openProcessHosting({
  home,
  migrate: sampleMigrate,
  resolveSecret: () => Promise.resolve('secret of alpha'),
  findTombstone: () => Promise.resolve(undefined),
  onProblem: (problem) => console.error(problem),
});
const database = await hosting.database.ensure(databaseSpec('alpha'), { epoch: 1 });
const spec = sampleSpec('runtime', { secrets: [{ name: 'database-url', version: '1' }] });
await hosting.runtime.ensure(spec, { epoch: 1 });
const workload = await waitUntilReady(hosting.runtime, spec, 20_000);
process.stdout.write(
  `${JSON.stringify({ root: hosting.root, database: database.pid, workload: workload.pid })}\n`,
);
setInterval(() => {}, 60_000);
