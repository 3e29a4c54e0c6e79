import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { LockReason, ShapingPayload, SlowedPayload } from '@dotmac/schema';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { LoginLimits } from '../login-limit/rules.ts';
import { limitColumns, withLimits } from '../login-limit/store.ts';
import type { LoginTerms, TermReason } from '../login-term/rules.ts';
import { type AccessMode, speedOf } from './rules.ts';

/** A service's access without its password, with the address it was given. */
export type Access = Omit<
  Selectable<TenantDatabase['network.access']>,
  | 'password'
  | 'mode'
  | 'shaping'
  | 'throttle'
  | 'slowed'
  | 'override'
  | 'locks'
  | 'terms'
  | 'termsEnded'
  | keyof LoginLimits
> & {
  readonly mode: AccessMode;
  /** The speeds that hold. */
  readonly shaping: ShapingPayload | null;
  /** The plan's; null until it is known. */
  readonly planShaping: ShapingPayload | null;
  /** What a used-up data cap leaves. */
  readonly throttle: ShapingPayload | null;
  /** What a lock that does not close leaves. */
  readonly slowed: SlowedPayload | null;
  /** What somebody set by hand. */
  readonly override: ShapingPayload | null;
  readonly locks: LockReason[];
  readonly address: string | null;
  /** What limits it in time and volume. */
  readonly terms: LoginTerms | null;
  /** Why they keep it offline, as the devices were told. */
  readonly termsEnded: TermReason | null;
  /** Null when a login is held to nothing but its password. */
  readonly limits: LoginLimits | null;
};
/** With the sealed password: for the login policy only. */
export type Credential = Access & { readonly password: Uint8Array };

const columns = [
  'access.serviceId',
  'access.customerId',
  'access.planId',
  'access.username',
  'access.deviceId',
  'access.shaping as planShaping',
  'access.throttle',
  'access.slowed',
  'access.override',
  'access.overrideUntil',
  'access.capBlocked',
  'access.terms',
  'access.termsEnded',
  'access.poolId',
  'access.staticIpv6Prefix',
  'access.staticDelegatedPrefix',
  'access.locks',
  'access.mode',
  'access.simultaneousSessions',
  'access.readyAt',
  'access.closedAt',
  'access.createdAt',
  'address.address',
  ...limitColumns,
] as const;

function accesses(db: Executor<TenantDatabase>) {
  return db
    .selectFrom('network.access as access')
    .leftJoin('network.address as address', 'address.serviceId', 'access.serviceId');
}

/** A row as read with `columns`. */
function accessOf(row: Parameters<typeof withLimits>[0]): Access {
  const access = withLimits(row) as unknown as Access;
  return { ...access, shaping: speedOf(access) };
}

export async function accessesByService(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<Access[]> {
  const rows = await accesses(db).select(columns).where('access.serviceId', 'in', serviceIds).execute();
  return rows.map(accessOf);
}

/** The open services with these login names. */
export async function accessesByUsername(
  db: Executor<TenantDatabase>,
  usernames: readonly string[],
): Promise<Access[]> {
  if (usernames.length === 0) return [];
  const rows = await accesses(db)
    .select(columns)
    .where('access.closedAt', 'is', null)
    .where('access.username', 'in', usernames)
    .execute();
  return rows.map(accessOf);
}

/** As `accessesByUsername`, locked as `lockedAccess` has it, in one order for everybody. */
export async function lockedByUsername(
  transaction: Transaction<TenantDatabase>,
  usernames: readonly string[],
): Promise<Access[]> {
  if (usernames.length === 0) return [];
  const rows = await accesses(transaction)
    .select(columns)
    .where('access.closedAt', 'is', null)
    .where('access.username', 'in', usernames)
    .orderBy('access.serviceId')
    .forUpdate('access')
    .execute();
  return rows.map(accessOf);
}

/** The access, locked for the rest of the transaction, so that its changes and their events keep their order. */
export async function lockedAccess(
  transaction: Transaction<TenantDatabase>,
  serviceId: string,
): Promise<Access | null> {
  const row = await accesses(transaction)
    .select(columns)
    .where('access.serviceId', '=', serviceId)
    .forUpdate('access')
    .executeTakeFirst();
  return row === undefined ? null : accessOf(row);
}

/** Credentials of some services, or of all that are open; pages by service. */
export async function credentials(
  db: Executor<TenantDatabase>,
  which: { readonly serviceIds: readonly string[] } | { readonly after: string; readonly limit: number },
): Promise<Credential[]> {
  const query = accesses(db).select([...columns, 'access.password']);
  const rows =
    'serviceIds' in which
      ? await query.where('access.serviceId', 'in', which.serviceIds).execute()
      : await query
          .where('access.closedAt', 'is', null)
          .where('access.serviceId', '>', which.after)
          .orderBy('access.serviceId')
          .limit(which.limit)
          .execute();
  return rows.map((row) => accessOf(row) as Credential);
}

export async function sealedPassword(
  db: Executor<TenantDatabase>,
  serviceId: string,
): Promise<Uint8Array | null> {
  const row = await db
    .selectFrom('network.access')
    .select('password')
    .where('serviceId', '=', serviceId)
    .executeTakeFirst();
  return row?.password ?? null;
}

/** @returns false when the service has access already or the name is taken. */
export async function insertAccess(
  transaction: Transaction<TenantDatabase>,
  access: {
    readonly serviceId: string;
    readonly customerId: string;
    readonly planId: string;
    readonly username: string;
    readonly password: Uint8Array;
    readonly deviceId: string | null;
    readonly shaping: ShapingPayload | null;
    readonly createdAt: Date;
  },
): Promise<boolean> {
  const result = await transaction
    .insertInto('network.access')
    .values({ ...access, shaping: jsonOf(access.shaping), mode: 'OPEN' })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

export async function updateAccess(
  transaction: Transaction<TenantDatabase>,
  serviceId: string,
  change: {
    readonly planId?: string;
    /** The plan's. */
    readonly shaping?: ShapingPayload;
    readonly throttle?: ShapingPayload | null;
    readonly slowed?: SlowedPayload | null;
    readonly override?: ShapingPayload | null;
    readonly overrideUntil?: Date | null;
    readonly capBlocked?: boolean;
    readonly poolId?: string | null;
    readonly staticIpv6Prefix?: string | null;
    readonly staticDelegatedPrefix?: string | null;
    readonly locks?: readonly LockReason[];
    readonly mode?: AccessMode;
    readonly readyAt?: Date;
    readonly closedAt?: Date;
    readonly password?: Uint8Array;
    readonly simultaneousSessions?: number;
    readonly limits?: LoginLimits;
    readonly terms?: LoginTerms | null;
    readonly termsEnded?: TermReason | null;
  },
): Promise<void> {
  const { shaping, throttle, slowed, override, locks, limits, terms, ...plain } = change;
  await transaction
    .updateTable('network.access')
    .set({
      ...plain,
      ...(shaping === undefined ? {} : { shaping: jsonOf(shaping) }),
      ...(throttle === undefined ? {} : { throttle: jsonOf(throttle) }),
      ...(slowed === undefined ? {} : { slowed: jsonOf(slowed) }),
      ...(override === undefined ? {} : { override: jsonOf(override) }),
      ...(terms === undefined ? {} : { terms: jsonOf(terms) }),
      ...(locks === undefined ? {} : { locks: [...locks] }),
      ...(limits === undefined ? {} : columnsOf(limits)),
    })
    .where('serviceId', '=', serviceId)
    .execute();
}

/** Which open service each login name belongs to. */
export async function servicesByUsername(
  db: Executor<TenantDatabase>,
  usernames: readonly string[],
): Promise<Map<string, string>> {
  if (usernames.length === 0) return new Map();
  const rows = await db
    .selectFrom('network.access')
    .select(['username', 'serviceId'])
    .where('closedAt', 'is', null)
    .where('username', 'in', usernames)
    .execute();
  return new Map(rows.map((row) => [row.username, row.serviceId]));
}

/** Services of a plan that was not known when they were ordered or moved to it. */
export async function openServicesOfPlan(db: Executor<TenantDatabase>, planId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('network.access')
    .select('serviceId')
    .where('planId', '=', planId)
    .where('closedAt', 'is', null)
    .orderBy('serviceId')
    .execute();
  return rows.map((row) => row.serviceId);
}

/** Services whose speed set by hand is over. */
export async function expiredOverrides(db: Executor<TenantDatabase>, now: Date): Promise<string[]> {
  const rows = await db
    .selectFrom('network.access')
    .select('serviceId')
    .where('overrideUntil', '<=', now)
    .orderBy('serviceId')
    .limit(1_000)
    .execute();
  return rows.map((row) => row.serviceId);
}

/** @returns whether the plan was unknown so far. */
export async function upsertPlan(
  transaction: Transaction<TenantDatabase>,
  plan: {
    readonly id: string;
    readonly versionId: string;
    readonly name: string;
    readonly shaping: ShapingPayload;
  },
): Promise<boolean> {
  const row = await transaction
    .insertInto('network.plan')
    .values({ ...plan, shaping: jsonOf(plan.shaping) })
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet({ versionId: plan.versionId, name: plan.name, shaping: jsonOf(plan.shaping) }),
    )
    .returning(sql<boolean>`xmax = 0`.as('isNew'))
    .executeTakeFirstOrThrow();
  return row.isNew;
}

export async function planShaping(
  db: Executor<TenantDatabase>,
  planId: string,
): Promise<ShapingPayload | null> {
  const row = await db
    .selectFrom('network.plan')
    .select('shaping')
    .where('id', '=', planId)
    .executeTakeFirst();
  return (row?.shaping as ShapingPayload | undefined) ?? null;
}

function columnsOf({ macLimit, macs, nasIds, portIds, circuitIds, kickOldest }: LoginLimits) {
  return {
    macLimit,
    macs: [...macs],
    nasIds: [...nasIds],
    portIds: [...portIds],
    circuitIds: [...circuitIds],
    kickOldest,
  };
}

/** What a service's password is sealed for. */
export function passwordPurpose(serviceId: string): string {
  return `access:${serviceId}`;
}

/** An object for a jsonb column; the driver would send a top-level array as an array of PostgreSQL. */
function jsonOf(value: ShapingPayload | SlowedPayload | LoginTerms | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
