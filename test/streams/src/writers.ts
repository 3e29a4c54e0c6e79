import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { type Kysely, sql } from 'kysely';

/** An event as the screens see it. */
export interface Told {
  readonly subject: string;
  /** Counts up per subject. */
  readonly number: number;
}

const subjects = 5;

/**
 * Several at once tell of devices, in transactions that overlap, take their time, and now and then roll back.
 * @returns a function that ends them and gives everything that was committed, in the order of the log.
 */
export async function startWriters(
  database: Kysely<TenantDatabase>,
  options: { readonly count: number; readonly pauseMilliseconds: number },
): Promise<() => Promise<Told[]>> {
  await sql`create table public.told (subject text primary key, number int not null)`.execute(database);
  for (let subject = 0; subject < subjects; subject += 1)
    await sql`insert into public.told values (${`dev_${subject}`}, 0)`.execute(database);
  let writing = true;
  const pause = (longest: number) => new Promise((done) => setTimeout(done, Math.random() * longest));
  const write = () =>
    database.transaction().execute(async (transaction) => {
      const subject = `dev_${Math.floor(Math.random() * subjects)}`;
      for (let events = Math.floor(Math.random() * 3); events >= 0; events -= 1) {
        // The row stays locked to the end: as in the real tables, one writer at a time per subject.
        const { rows } = await sql<Told>`
          update public.told set number = number + 1 where subject = ${subject} returning *`.execute(
          transaction,
        );
        const [told] = rows as [Told];
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'device.state.changed',
            subject,
            payload: {
              deviceId: subject,
              name: subject,
              from: 'UNKNOWN',
              to: 'OFFLINE',
              evidence: `${told.number}`,
            },
            occurredAt: Date.now(),
            actor: 'system:test',
          },
        ]);
        await pause(3);
      }
      if (Math.random() < 0.1) throw new RollBack();
    });
  const writers = Array.from({ length: options.count }, async () => {
    while (writing) {
      await write().catch((error: unknown) => {
        if (!(error instanceof RollBack)) throw error;
      });
      await pause(options.pauseMilliseconds);
    }
  });
  return async () => {
    writing = false;
    await Promise.all(writers);
    const unsequenced = async () => {
      const { rows } = await sql`select from events.event where position is null limit 1`.execute(database);
      return rows.length > 0;
    };
    while (await unsequenced()) await pause(50);
    const { rows } = await sql<Told>`
      select subject, (payload->>'evidence')::int as number from events.event
      where type = 'device.state.changed' order by position`.execute(database);
    return rows;
  };
}

class RollBack extends Error {}
