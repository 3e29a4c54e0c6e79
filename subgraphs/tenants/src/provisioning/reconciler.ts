import { specHash } from '@dotmac/hosting/port';
import { appendEvents } from '@dotmac/platform';
import type { PlatformEvents } from '@dotmac/schema';
import type { TenantsServices } from '../builder.ts';
import { newPorts } from '../tenant/ports.ts';
import { type Tenant, tenantsToRun, updateTenant } from '../tenant/store.ts';
import type { ProvisioningPorts } from './ports.ts';
import { ensureRoute, ensureRuntime, provision, type SagaContext } from './saga.ts';
import { jobsOfTenants, takeLease, updateJob } from './store.ts';

const resyncMilliseconds = 10_000;
const triesBeforeFailed = 5;
const atOnce = 4;

/**
 * Compares what should run with what does, and makes it so: level-triggered, so that it does not matter what was
 * missed. Events only wake it early. It ends with the signal; tenants run on without it.
 * @returns what waits for its end.
 */
export async function startReconciler(
  services: TenantsServices,
  ports: ProvisioningPorts,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const fence = await takeLease(services.database);
  const context: SagaContext = { services, ports, fence };
  const running = run(context, signal);
  return () => running;
}

async function run(context: SagaContext, signal: AbortSignal): Promise<void> {
  const { services } = context;
  while (!signal.aborted) {
    const pass = AbortSignal.any([signal, AbortSignal.timeout(resyncMilliseconds)]);
    const news = services.events.nextNews(pass);
    try {
      await reconcileAll(context);
    } catch (error) {
      services.logger.error({ error }, 'the reconciler could not finish a pass; it tries again');
    }
    await news;
  }
}

async function reconcileAll(context: SagaContext): Promise<void> {
  const waiting = await tenantsToRun(context.services.database);
  const worker = async () => {
    for (let tenant = waiting.shift(); tenant !== undefined; tenant = waiting.shift())
      await reconcile(tenant, context);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function reconcile(found: Tenant, context: SagaContext): Promise<void> {
  const { services, ports, fence } = context;
  const logger = services.logger.child({ tenant: found.slug });
  try {
    const tenant = await equipped(found, context);
    if (tenant.state === 'PROVISIONING') {
      await resume(tenant, context);
    } else if (!(await isAsWanted(tenant, context))) {
      const status = await ports.database.status(tenant.slug);
      if (status === undefined) throw new Error('The tenant has no database although it was provisioned');
      await ports.database.migrate(tenant.slug, ports.schemaVersion, fence);
      await ensureRuntime(tenant, context);
      await ensureRoute(tenant, context);
    }
  } catch (error) {
    logger.error({ error }, 'the tenant is not as it should be; it is tried again');
  }
}

/** A tenant of an earlier release gets what tenants have since. */
async function equipped(tenant: Tenant, { services }: SagaContext): Promise<Tenant> {
  if (tenant.trapPort !== null && tenant.radsecPort !== null) return tenant;
  const [one = 0, other = 0] = await newPorts(services.database, 2);
  const ports = { trapPort: tenant.trapPort ?? one, radsecPort: tenant.radsecPort ?? other };
  await updateTenant(services.database, tenant.id, ports);
  return { ...tenant, ...ports };
}

/** The cheap check of every pass. */
async function isAsWanted(tenant: Tenant, { ports }: SagaContext): Promise<boolean> {
  if (tenant.specHash !== specHash(ports.workload(tenant))) return false;
  const seen = await ports.runtime.observe(tenant.slug);
  return seen.some((workload) => workload.generation === tenant.generation && workload.state === 'READY');
}

async function resume(tenant: Tenant, context: SagaContext): Promise<void> {
  const { database, clock, logger } = context.services;
  const job = (await jobsOfTenants(database, [tenant.id])).find((candidate) => candidate.state === 'RUNNING');
  if (job === undefined) return;
  try {
    await provision(tenant, job, context);
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    logger.warn({ error, tenant: tenant.slug, attempt: job.attempts + 1 }, 'provisioning stopped');
    if (job.attempts + 1 < triesBeforeFailed) return;
    await database.transaction().execute(async (transaction) => {
      const now = clock.now();
      await updateJob(transaction, job.id, { state: 'FAILED', finishedAt: new Date(now), failure });
      await updateTenant(transaction, tenant.id, { state: 'FAILED' });
      const payload = { tenantId: tenant.id, slug: tenant.slug, from: tenant.state, to: 'FAILED' };
      await appendEvents<PlatformEvents>(transaction, [
        {
          type: 'tenant.state.changed',
          subject: tenant.id,
          payload,
          occurredAt: now,
          actor: 'system:provisioning',
        },
      ]);
    });
  }
}
