import { type Kysely, sql } from 'kysely';
import type { DailyWork } from '../subgraph/module.ts';
import { type Clock, localDateAt } from '../time/clock.ts';

/** The days after `last` up to and with `today`; only today when nothing ran before. */
export function daysDue(last: string | null, today: string): string[] {
  if (last === null) return [today];
  const days: string[] = [];
  const end = Temporal.PlainDate.from(today);
  for (
    let day = Temporal.PlainDate.from(last).add({ days: 1 });
    Temporal.PlainDate.compare(day, end) <= 0;
    day = day.add({ days: 1 })
  ) {
    days.push(day.toString());
  }
  return days;
}

/**
 * Does all work that is due, day by day in order, so that a month that passed unseen (a stop, an advanced demo clock)
 * gives the same as thirty days lived through. Every day of every work is one transaction and happens once.
 */
export async function runDailyWork<DB>(options: {
  readonly database: Kysely<DB>;
  readonly daily: readonly DailyWork<DB>[];
  readonly clock: Clock;
  readonly timeZone: string;
  /** Called after each day, so that those who react to its events keep pace. */
  readonly afterDay?: () => Promise<void>;
}): Promise<void> {
  const { database, daily, clock } = options;
  const today = localDateAt(clock.now(), options.timeZone);
  const due = new Map<string, DailyWork<DB>[]>();
  for (const work of daily) {
    const { rows } = await sql<{ last: string | null }>`
      select max(local_date) as last from runtime.daily_run where name = ${work.name}`.execute(database);
    for (const day of daysDue(rows[0]?.last ?? null, today)) due.set(day, [...(due.get(day) ?? []), work]);
  }
  for (const day of [...due.keys()].sort()) {
    for (const work of due.get(day) ?? []) {
      await database.transaction().execute(async (transaction) => {
        const claimed = await sql`
          insert into runtime.daily_run (name, local_date, finished_at)
          values (${work.name}, ${day}, ${new Date(clock.now())}) on conflict do nothing`.execute(
          transaction,
        );
        if (claimed.numAffectedRows === 1n) await work.run(day, transaction);
      });
    }
    await options.afterDay?.();
  }
}
