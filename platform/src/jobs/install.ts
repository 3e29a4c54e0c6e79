import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { jobsSchema } from './jobs.ts';

/**
 * Creates or upgrades the queue's tables. Run as the owner of the database, before `migrate` grants their use.
 * The one connection is ours: when this returns it is closed, and the server may be stopped.
 */
export async function installJobs(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  const failures: Error[] = [];
  client.on('error', (error) => failures.push(error));
  await client.connect();
  try {
    const boss = new PgBoss({
      db: { executeSql: (text: string, values?: unknown[]) => client.query(text, values) },
      schema: jobsSchema,
      supervise: false,
      schedule: false,
    });
    boss.on('error', (error: Error) => failures.push(error));
    await boss.start();
    await boss.stop({ graceful: false });
  } finally {
    await client.end();
  }
  if (failures.length > 0) throw new AggregateError(failures, 'The job queue could not be installed');
}
