import type { GardenExtras } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import type { AccessChangeState, ShapingPayload } from '@dotmac/schema';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { AccessMode } from '../access/rules.ts';
import { pendingStates } from './rules.ts';

export type AccessChange = Omit<
  Selectable<TenantDatabase['network.accessChange']>,
  'mode' | 'state' | 'shaping' | 'garden'
> & {
  readonly mode: AccessMode;
  readonly state: AccessChangeState;
  readonly shaping: ShapingPayload | null;
  /** What the garden it leads into gives. */
  readonly garden: GardenExtras | null;
};
export type ChangeStep = Omit<Selectable<TenantDatabase['network.accessChangeStep']>, 'kind'> & {
  readonly kind: 'PLAN' | 'APPLY' | 'VERIFY';
};

export async function changesById(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<AccessChange[]> {
  return changes(await db.selectFrom('network.accessChange').selectAll().where('id', 'in', ids).execute());
}

/** The last changes of each service, newest first. */
export async function recentChangesOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<AccessChange[]> {
  const { rows } = await sql<{ id: string }>`
    select c.id from unnest(${[...serviceIds]}::text[]) as s (id)
    cross join lateral (
      select id from network.access_change where service_id = s.id order by id desc limit 20
    ) c`.execute(db);
  if (rows.length === 0) return [];
  return changes(
    await db
      .selectFrom('network.accessChange')
      .selectAll()
      .where(
        'id',
        'in',
        rows.map((row) => row.id),
      )
      .orderBy('id', 'desc')
      .execute(),
  );
}

/** A page of changes, newest first. */
export async function changePage(
  db: Executor<TenantDatabase>,
  page: Page & {
    readonly state?: AccessChangeState | null | undefined;
    readonly serviceId?: string | null | undefined;
  },
): Promise<AccessChange[]> {
  let query = pageBy(db.selectFrom('network.accessChange').selectAll(), 'id', 'desc', page);
  if (page.state != null) query = query.where('state', '=', page.state);
  if (page.serviceId != null) query = query.where('serviceId', '=', page.serviceId);
  return changes(await query.execute());
}

/** The change of a service that is on its way, if there is one. */
export async function pendingChange(
  db: Executor<TenantDatabase>,
  serviceId: string,
): Promise<AccessChange | null> {
  const row = await db
    .selectFrom('network.accessChange')
    .selectAll()
    .where('serviceId', '=', serviceId)
    .where('state', 'in', pendingStates)
    .executeTakeFirst();
  return row === undefined ? null : (changes([row])[0] ?? null);
}

export async function pendingChanges(db: Executor<TenantDatabase>): Promise<AccessChange[]> {
  return changes(
    await db
      .selectFrom('network.accessChange')
      .selectAll()
      .where('state', 'in', pendingStates)
      .orderBy('id')
      .execute(),
  );
}

/**
 * What a live session may have been given in the walled garden: by the changes before one (null: all there are), newest first, down to
 * the last that was seen to hold.
 */
export async function gardensBefore(
  db: Executor<TenantDatabase>,
  serviceId: string,
  changeId: string | null,
): Promise<(GardenExtras | null)[]> {
  let query = db
    .selectFrom('network.accessChange')
    .select(['state', 'garden'])
    .where('serviceId', '=', serviceId)
    .orderBy('id', 'desc')
    .limit(20);
  if (changeId !== null) query = query.where('id', '<', changeId);
  const rows = await query.execute();
  const held = rows.findIndex(({ state }) => state === 'VERIFIED');
  return (held < 0 ? rows : rows.slice(0, held + 1)).map(({ garden }) => garden as GardenExtras | null);
}

/** Services with a change on its way: what a crash may have left behind. */
export async function servicesWithPendingChange(db: Executor<TenantDatabase>): Promise<string[]> {
  const rows = await db
    .selectFrom('network.accessChange')
    .select('serviceId')
    .where('state', 'in', pendingStates)
    .execute();
  return rows.map((row) => row.serviceId);
}

/** Open services of a device whose newest change did not end as wanted. */
export async function unsettledServicesOfDevice(
  db: Executor<TenantDatabase>,
  deviceId: string,
): Promise<string[]> {
  const { rows } = await sql<{ serviceId: string }>`
    select a.service_id as "serviceId" from network.access a
    cross join lateral (
      select state from network.access_change where service_id = a.service_id order by id desc limit 1
    ) c
    where a.device_id = ${deviceId} and c.state in ('UNVERIFIED', 'DIVERGED', 'FAILED')
    order by a.service_id`.execute(db);
  return rows.map((row) => row.serviceId);
}

export async function insertChange(
  transaction: Transaction<TenantDatabase>,
  change: {
    readonly id: string;
    readonly serviceId: string;
    readonly mode: AccessMode;
    readonly shaping: ShapingPayload | null;
    readonly garden: GardenExtras | null;
    readonly because: string;
    readonly actor: string;
    readonly requestedAt: Date;
  },
): Promise<AccessChange> {
  const row = await transaction
    .insertInto('network.accessChange')
    .values({
      ...change,
      shaping: change.shaping === null ? null : JSON.stringify(change.shaping),
      garden: change.garden === null ? null : JSON.stringify(change.garden),
      state: 'REQUESTED',
      evidence: change.because,
      progressedAt: change.requestedAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as unknown as AccessChange;
}

/**
 * Moves a change that is still on its way.
 * @returns null when it no longer is: superseded meanwhile.
 */
export async function progressChange(
  transaction: Transaction<TenantDatabase>,
  which: { readonly id: string } | { readonly serviceId: string },
  progress: { readonly state?: AccessChangeState; readonly evidence?: string; readonly at: Date },
): Promise<AccessChange | null> {
  const { at, ...fields } = progress;
  const row = await transaction
    .updateTable('network.accessChange')
    .set({ ...fields, progressedAt: at })
    .where('state', 'in', pendingStates)
    .where('id' in which ? 'id' : 'serviceId', '=', 'id' in which ? which.id : which.serviceId)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : (row as unknown as AccessChange);
}

/** Counts a run of a change. @returns null when it is no longer on its way. */
export async function beginAttempt(db: Executor<TenantDatabase>, id: string): Promise<AccessChange | null> {
  const row = await db
    .updateTable('network.accessChange')
    .set((change) => ({ attempts: change('attempts', '+', 1) }))
    .where('id', '=', id)
    .where('state', 'in', pendingStates)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : (row as unknown as AccessChange);
}

export async function appendSteps(
  db: Executor<TenantDatabase>,
  changeId: string,
  steps: readonly {
    readonly at: Date;
    readonly kind: ChangeStep['kind'];
    readonly protocol: string;
    readonly subject: string;
    readonly command: string | null;
    readonly ok: boolean;
    readonly message: string;
  }[],
): Promise<void> {
  if (steps.length === 0) return;
  const rows = steps.map((step) => ({ ...step, at: step.at.toISOString() }));
  await sql`
    insert into network.access_change_step (change_id, ordinal, at, kind, protocol, subject, command, ok, message)
    select ${changeId}, n + (select count(*) from network.access_change_step where change_id = ${changeId}),
      (r->>'at')::timestamptz, r->>'kind', r->>'protocol', r->>'subject', r->>'command', (r->>'ok')::boolean, r->>'message'
    from jsonb_array_elements(${JSON.stringify(rows)}::jsonb) with ordinality as t (r, n)`.execute(db);
}

export async function stepsOfChanges(
  db: Executor<TenantDatabase>,
  changeIds: readonly string[],
): Promise<ChangeStep[]> {
  const rows = await db
    .selectFrom('network.accessChangeStep')
    .selectAll()
    .where('changeId', 'in', changeIds)
    .orderBy('changeId')
    .orderBy('ordinal')
    .execute();
  return rows as ChangeStep[];
}

function changes(rows: readonly Selectable<TenantDatabase['network.accessChange']>[]): AccessChange[] {
  return rows as unknown as AccessChange[];
}
