import { PgBoss } from 'pg-boss';
import { jobsSchema } from './jobs.ts';

/** Creates or upgrades the queue's tables. Run as the owner of the database, before `migrate` grants their use. */
export async function installJobs(connectionString: string): Promise<void> {
  const boss = new PgBoss({
    connectionString,
    schema: jobsSchema,
    max: 1,
    supervise: false,
    schedule: false,
  });
  const failures: Error[] = [];
  boss.on('error', (error: Error) => failures.push(error));
  await boss.start();
  await boss.stop({ graceful: false });
  if (failures.length > 0) throw new AggregateError(failures, 'The job queue could not be installed');
}
