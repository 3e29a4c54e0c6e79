import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Bundle } from '@dotmac/schema';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Band } from '../metering/rules.ts';
import type { Interval } from '../period/rules.ts';
import { boundOf, boundText, type PlanBound } from '../usage/rules-bound.ts';
import type { PlanKind, RateLimit, Shaping } from './rules.ts';

export type Plan = Omit<Selectable<TenantDatabase['billing.plan']>, 'kind' | 'bundle'> & {
  readonly kind: PlanKind;
  /** Which one a plan of the kind BUNDLE sells. */
  readonly bundle: Bundle | null;
};

export interface Trial {
  readonly days: number;
  /** Whether bundles are not paid for either. */
  readonly coversBundles: boolean;
}

export interface PlanVersion {
  readonly id: string;
  readonly planId: string;
  readonly version: number;
  /** ISO date. */
  readonly effectiveFrom: string;
  readonly currency: string;
  /** For a full interval, minor units. */
  readonly priceMinor: bigint;
  readonly interval: Interval;
  readonly timing: 'inAdvance' | 'inArrears';
  readonly productClass: string;
  /** The price includes its tax. */
  readonly taxInclusive: boolean;
  readonly shaping: Shaping | null;
  readonly bound: PlanBound | null;
  /** Of a rate card only. */
  readonly bands: readonly Band[] | null;
  readonly minimumMinor: bigint | null;
  /** Of a rate card only: days that are not paid for at the start of an ISP. */
  readonly trial: Trial | null;
  readonly publishedAt: Date;
}

type Row = Selectable<TenantDatabase['billing.planVersion']>;

export async function plansById(db: Executor<TenantDatabase>, ids: readonly string[]): Promise<Plan[]> {
  return (await db.selectFrom('billing.plan').selectAll().where('id', 'in', ids).execute()) as Plan[];
}

export async function allPlans(db: Executor<TenantDatabase>): Promise<Plan[]> {
  return (await db.selectFrom('billing.plan').selectAll().orderBy('id').execute()) as Plan[];
}

/** Those that are shown to everybody. */
export async function offeredPlans(db: Executor<TenantDatabase>): Promise<Plan[]> {
  return (await db
    .selectFrom('billing.plan')
    .selectAll()
    .where('offered', '=', true)
    .orderBy('id')
    .execute()) as Plan[];
}

export async function setOffered(
  transaction: Transaction<TenantDatabase>,
  id: string,
  offered: boolean,
): Promise<Plan> {
  return (await transaction
    .updateTable('billing.plan')
    .set({ offered })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()) as Plan;
}

/** All versions of these plans, oldest first. */
export async function versionsOfPlans(
  db: Executor<TenantDatabase>,
  planIds: readonly string[],
): Promise<PlanVersion[]> {
  const rows = await db
    .selectFrom('billing.planVersion')
    .selectAll()
    .where('planId', 'in', planIds)
    .orderBy('planId')
    .orderBy('version')
    .execute();
  return rows.map(versionOf);
}

/** The version of each plan that is on sale on a local day: the latest that is effective, or else the first to come. */
export function versionOnSale(versions: readonly PlanVersion[], on: string): PlanVersion | undefined {
  return versions.filter((version) => version.effectiveFrom <= on).at(-1) ?? versions[0];
}

/** The id of the version that is effective on a local day, or null when the plan has none. */
export async function effectiveVersionId(
  db: Executor<TenantDatabase>,
  planId: string,
  on: string,
): Promise<string | null> {
  const row = await db
    .selectFrom('billing.planVersion')
    .select('id')
    .where('planId', '=', planId)
    .where('effectiveFrom', '<=', on)
    .orderBy('effectiveFrom', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? null;
}

export async function insertPlan(
  transaction: Transaction<TenantDatabase>,
  plan: {
    readonly id: string;
    readonly name: string;
    readonly kind: PlanKind;
    readonly bundle: Bundle | null;
    readonly createdAt: Date;
  },
): Promise<Plan> {
  return (await transaction
    .insertInto('billing.plan')
    .values(plan)
    .returningAll()
    .executeTakeFirstOrThrow()) as Plan;
}

/** The plan, locked, so that its versions are numbered one after the other. */
export async function lockedPlan(transaction: Transaction<TenantDatabase>, id: string): Promise<Plan | null> {
  const row = await transaction
    .selectFrom('billing.plan')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return (row as Plan | undefined) ?? null;
}

export async function insertPlanVersion(
  transaction: Transaction<TenantDatabase>,
  version: PlanVersion,
): Promise<void> {
  const { interval, shaping, bound, bands, minimumMinor, trial, ...rest } = version;
  await transaction
    .insertInto('billing.planVersion')
    .values({
      ...rest,
      minimumMinor,
      trialDays: trial?.days ?? null,
      trialCoversBundles: trial?.coversBundles ?? false,
      intervalUnit: interval.unit,
      intervalCount: interval.count,
      ...limitColumns('downstream', shaping?.downstream),
      ...limitColumns('upstream', shaping?.upstream),
      bound: bound === null ? null : sql<string>`${boundText(bound)}::jsonb`,
      bands:
        bands === null
          ? null
          : sql<string>`${JSON.stringify(bands.map((band) => ({ ...band, upTo: band.upTo?.toString() })))}::jsonb`,
    })
    .execute();
}

function limitColumns<D extends 'downstream' | 'upstream'>(direction: D, limit: RateLimit | undefined) {
  return {
    [`${direction}BitsPerSecond`]: limit?.bitsPerSecond ?? null,
    [`${direction}BurstBitsPerSecond`]: limit?.burst?.bitsPerSecond ?? null,
    [`${direction}BurstThresholdBitsPerSecond`]: limit?.burst?.thresholdBitsPerSecond ?? null,
    [`${direction}BurstSeconds`]: limit?.burst?.seconds ?? null,
  };
}

/** Versions that begin on a local day (ISO) and were published on an earlier one, with the names of their plans. */
export async function versionsBeginning(
  db: Executor<TenantDatabase>,
  on: string,
  timeZone: string,
): Promise<{ planName: string; version: PlanVersion }[]> {
  const rows = await db
    .selectFrom('billing.planVersion as version')
    .innerJoin('billing.plan as plan', 'plan.id', 'version.planId')
    .selectAll('version')
    .select('plan.name as planName')
    .where('version.effectiveFrom', '=', on)
    .where(sql`(version.published_at at time zone ${timeZone})::date`, '<', on)
    .execute();
  return rows.map(({ planName, ...row }) => ({ planName, version: versionOf(row) }));
}

export function versionOf(row: Row): PlanVersion {
  return {
    id: row.id,
    planId: row.planId,
    version: row.version,
    effectiveFrom: row.effectiveFrom,
    currency: row.currency,
    priceMinor: row.priceMinor,
    interval: { unit: row.intervalUnit as Interval['unit'], count: row.intervalCount },
    timing: row.timing as PlanVersion['timing'],
    productClass: row.productClass,
    taxInclusive: row.taxInclusive,
    shaping:
      row.downstreamBitsPerSecond === null || row.upstreamBitsPerSecond === null
        ? null
        : {
            downstream: limitOf(
              row.downstreamBitsPerSecond,
              row.downstreamBurstBitsPerSecond,
              row.downstreamBurstThresholdBitsPerSecond,
              row.downstreamBurstSeconds,
            ),
            upstream: limitOf(
              row.upstreamBitsPerSecond,
              row.upstreamBurstBitsPerSecond,
              row.upstreamBurstThresholdBitsPerSecond,
              row.upstreamBurstSeconds,
            ),
          },
    bound: row.bound === null ? null : boundOf(row.bound),
    bands: row.bands === null ? null : (row.bands as unknown as StoredBand[]).map(bandOf),
    minimumMinor: row.minimumMinor,
    trial: row.trialDays === null ? null : { days: row.trialDays, coversBundles: row.trialCoversBundles },
    publishedAt: row.publishedAt,
  };
}

interface StoredBand {
  readonly upTo?: string;
  readonly unitPrice: string;
}

function bandOf({ upTo, unitPrice }: StoredBand): Band {
  return upTo === undefined ? { unitPrice } : { upTo: BigInt(upTo), unitPrice };
}

function limitOf(
  bitsPerSecond: bigint,
  burst: bigint | null,
  thresholdBitsPerSecond: bigint | null,
  seconds: number | null,
): RateLimit {
  if (burst === null || thresholdBitsPerSecond === null || seconds === null) return { bitsPerSecond };
  return { bitsPerSecond, burst: { bitsPerSecond: burst, thresholdBitsPerSecond, seconds } };
}
