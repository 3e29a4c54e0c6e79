import type { PlatformDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable } from 'kysely';

export type Progress = 'RUNNING' | 'SUCCEEDED' | 'FAILED';
export type ProvisioningJob = Omit<Selectable<PlatformDatabase['tenants.provisioningJob']>, 'state'> & {
  readonly state: Progress;
};
export type ProvisioningStep = Omit<Selectable<PlatformDatabase['tenants.provisioningStep']>, 'state'> & {
  readonly state: Progress;
};

export async function jobsOfTenants(
  db: Executor<PlatformDatabase>,
  tenantIds: readonly string[],
): Promise<ProvisioningJob[]> {
  const rows = await db
    .selectFrom('tenants.provisioningJob')
    .selectAll()
    .where('tenantId', 'in', tenantIds)
    .orderBy('startedAt', 'desc')
    .execute();
  return rows as ProvisioningJob[];
}

export async function stepsOfJobs(
  db: Executor<PlatformDatabase>,
  jobIds: readonly string[],
): Promise<ProvisioningStep[]> {
  const rows = await db
    .selectFrom('tenants.provisioningStep')
    .selectAll()
    .where('jobId', 'in', jobIds)
    .orderBy('ordinal')
    .execute();
  return rows as ProvisioningStep[];
}

export async function insertJob(
  db: Executor<PlatformDatabase>,
  job: { readonly id: string; readonly tenantId: string; readonly startedAt: Date },
): Promise<void> {
  await db
    .insertInto('tenants.provisioningJob')
    .values({ ...job, state: 'RUNNING' })
    .execute();
}

export async function updateJob(
  db: Executor<PlatformDatabase>,
  id: string,
  change: {
    readonly state?: Progress;
    readonly attempts?: number;
    readonly finishedAt?: Date | null;
    readonly failure?: string | null;
  },
): Promise<void> {
  await db.updateTable('tenants.provisioningJob').set(change).where('id', '=', id).execute();
}

/** Writes a step's row, or what has become of it. */
export async function saveStep(
  db: Executor<PlatformDatabase>,
  step: {
    readonly jobId: string;
    readonly name: string;
    readonly ordinal: number;
    readonly state: Progress;
    readonly at: Date;
    readonly detail: string;
  },
): Promise<void> {
  const { at, ...row } = step;
  const finishedAt = step.state === 'RUNNING' ? null : at;
  await db
    .insertInto('tenants.provisioningStep')
    .values({ ...row, startedAt: at, finishedAt })
    .onConflict((conflict) =>
      conflict.columns(['jobId', 'name']).doUpdateSet({ state: step.state, detail: step.detail, finishedAt }),
    )
    .execute();
}

/** Raises the fencing epoch: whatever an earlier control plane still tries is refused from now on. */
export async function takeLease(db: Executor<PlatformDatabase>): Promise<{ epoch: number }> {
  return db
    .updateTable('tenants.lease')
    .set((set) => ({ epoch: set('epoch', '+', 1) }))
    .returning('epoch')
    .executeTakeFirstOrThrow();
}
