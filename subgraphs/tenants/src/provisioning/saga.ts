import { randomBytes } from 'node:crypto';
import { type DatabaseSpec, type Fence, specHash } from '@dotmac/hosting/port';
import { appendEvents, generateSigningKey, hashPassword, newId } from '@dotmac/platform';
import type { PlatformEvents } from '@dotmac/schema';
import { addMembership, ensureAccount } from '../account/store.ts';
import type { TenantsServices } from '../builder.ts';
import { type Tenant, updateTenant } from '../tenant/store.ts';
import { type ProvisioningPorts, runtimeComponent } from './ports.ts';
import { saveRoute, saveVerificationKey } from './routing.ts';
import { type ProvisioningJob, saveStep, stepsOfJobs, updateJob } from './store.ts';

interface Step {
  readonly name: string;
  /** What must have succeeded before; steps that do not wait for each other run side by side. */
  readonly after: readonly string[];
  /** Idempotent: a control plane that was killed in the middle runs it again. @returns what it did, for the receipt. */
  run(tenant: Tenant, context: SagaContext): Promise<string>;
}

export interface SagaContext {
  readonly services: TenantsServices;
  readonly ports: ProvisioningPorts;
  readonly fence: Fence;
}

const readyDeadlineMilliseconds = 30_000;

/**
 * From a request to a tenant that answers. Every step leaves a line on the timeline. The runtime loads its code while its
 * database is made, and waits for it.
 */
const steps: readonly Step[] = [
  { name: 'secrets', after: [], run: ensureSecrets },
  { name: 'database', after: ['secrets'], run: ensureDatabase },
  { name: 'owner', after: ['secrets'], run: ensureOwner },
  { name: 'runtime', after: ['secrets'], run: ensureRuntime },
  { name: 'route', after: ['database', 'owner', 'runtime'], run: ensureRoute },
];

/** Runs the steps that have not succeeded yet. The last one makes the tenant ACTIVE in the same transaction. */
export async function provision(tenant: Tenant, job: ProvisioningJob, context: SagaContext): Promise<void> {
  const { services } = context;
  await updateJob(services.database, job.id, { attempts: job.attempts + 1 });
  const done = new Set(
    (await stepsOfJobs(services.database, [job.id]))
      .filter((step) => step.state === 'SUCCEEDED')
      .map((step) => step.name),
  );
  const outcomes = new Map<string, Promise<void>>();
  for (const [ordinal, step] of steps.entries()) {
    const before = step.after.map((name) => outcomes.get(name));
    outcomes.set(
      step.name,
      Promise.all(before).then(async () => {
        if (!done.has(step.name)) await runStep(step, ordinal, { tenant, job, context });
      }),
    );
  }
  // Nothing may still be under way when the next attempt begins.
  await Promise.allSettled(outcomes.values());
  await Promise.all(outcomes.values());
  const now = services.clock.now();
  await services.database.transaction().execute(async (transaction) => {
    await updateJob(transaction, job.id, { state: 'SUCCEEDED', finishedAt: new Date(now), failure: null });
    await updateTenant(transaction, tenant.id, { state: 'ACTIVE' });
    const payload = { tenantId: tenant.id, slug: tenant.slug, from: tenant.state, to: 'ACTIVE' };
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

async function runStep(
  step: Step,
  ordinal: number,
  { tenant, job, context }: { tenant: Tenant; job: ProvisioningJob; context: SagaContext },
): Promise<void> {
  await progress(context, tenant, job, step.name, ordinal, 'RUNNING', '');
  try {
    const detail = await step.run(tenant, context);
    await progress(context, tenant, job, step.name, ordinal, 'SUCCEEDED', detail);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    await progress(context, tenant, job, step.name, ordinal, 'FAILED', detail);
    throw error;
  }
}

async function progress(
  { services }: SagaContext,
  tenant: Tenant,
  job: ProvisioningJob,
  step: string,
  ordinal: number,
  state: 'RUNNING' | 'SUCCEEDED' | 'FAILED',
  detail: string,
): Promise<void> {
  const now = services.clock.now();
  await services.database.transaction().execute(async (transaction) => {
    await saveStep(transaction, { jobId: job.id, name: step, ordinal, state, at: new Date(now), detail });
    await appendEvents<PlatformEvents>(transaction, [
      {
        type: 'tenant.step.progressed',
        subject: tenant.id,
        payload: { tenantId: tenant.id, jobId: job.id, step, state, detail },
        occurredAt: now,
        actor: 'system:provisioning',
      },
    ]);
  });
}

async function ensureSecrets(tenant: Tenant, { services, ports, fence }: SagaContext): Promise<string> {
  await ports.database.reserve(databaseSpec(tenant, ports), fence);
  await ports.secrets.ensure(tenant.slug, 'database', () =>
    ports.database.connection(tenant.slug, 'application'),
  );
  await ports.secrets.ensure(tenant.slug, 'sealing-key', async () => randomBytes(32).toString('base64'));
  const keyId = `tenant-${tenant.slug}`;
  const pair = await ports.secrets.ensure(tenant.slug, 'signing-key', async () => {
    const { privatePem, publicPem } = generateSigningKey(keyId);
    return JSON.stringify({ id: keyId, privatePem, publicPem });
  });
  const { publicPem } = JSON.parse(pair) as { publicPem: string };
  await saveVerificationKey(services.database, {
    id: keyId,
    publicPem,
    tenantId: tenant.id,
    createdAt: new Date(services.clock.now()),
  });
  return 'database login, sealing key and signing key';
}

async function ensureDatabase(tenant: Tenant, { ports, fence }: SagaContext): Promise<string> {
  const { database, schemaVersion } = await ports.database.ensure(databaseSpec(tenant, ports), fence);
  return `${database} at schema ${schemaVersion}`;
}

function databaseSpec({ slug }: Tenant, { release, schemaVersion }: ProvisioningPorts): DatabaseSpec {
  const database = `dotmac_t_${slug.replaceAll('-', '_')}`;
  return { tenant: slug, kind: 'tenant', database, release, schemaVersion, sizeClass: 'S' };
}

async function ensureOwner(tenant: Tenant, { services, ports }: SagaContext): Promise<string> {
  const password = await ports.secrets.ensure(tenant.slug, 'owner-password', async () =>
    randomBytes(15).toString('base64url'),
  );
  const now = new Date(services.clock.now());
  const passwordHash = await hashPassword(password);
  await services.database.transaction().execute(async (transaction) => {
    const account = await ensureAccount(transaction, {
      id: newId('usr', services.clock),
      email: tenant.ownerEmail,
      name: `Owner of ${tenant.name}`,
      passwordHash,
      createdAt: now,
    });
    await addMembership(transaction, {
      id: newId('mbr', services.clock),
      accountId: account.id,
      tenantId: tenant.id,
      partnerId: null,
      role: 'OWNER',
      createdAt: now,
    });
  });
  return tenant.ownerEmail;
}

/** Starts the tenant's process and waits until it is ready. A changed spec becomes a new generation. */
export async function ensureRuntime(
  tenant: Tenant,
  { services, ports, fence }: SagaContext,
): Promise<string> {
  const { runtime } = ports;
  let spec = ports.workload(tenant);
  if (tenant.specHash !== null && tenant.specHash !== specHash(spec)) {
    const old = { tenant: tenant.slug, component: runtimeComponent, generation: tenant.generation };
    // RADIUS ports cannot be held twice: stop, then start.
    if ((await runtime.observe(tenant.slug)).some((seen) => seen.generation === old.generation))
      await runtime.drain(old, fence, spec.gracePeriodMs);
    spec = ports.workload({ ...tenant, generation: tenant.generation + 1 });
  }
  await updateTenant(services.database, tenant.id, { generation: spec.generation, specHash: specHash(spec) });
  await runtime.ensure(spec, fence);
  await ports.waitUntilReady(spec, readyDeadlineMilliseconds);
  return `generation ${spec.generation} of ${spec.release}`;
}

/** Tells the gateways where the tenant answers; nothing is written when they know. */
export async function ensureRoute(tenant: Tenant, { services, ports }: SagaContext): Promise<string> {
  const endpoints = await ports.runtime.route(tenant.slug, runtimeComponent);
  const http = endpoints.find((endpoint) => endpoint.kind === 'unix');
  if (http?.kind !== 'unix') throw new Error('The runtime serves no HTTP endpoint yet');
  const origin = `unix:${http.path}`;
  await saveRoute(services.database, {
    tenantId: tenant.id,
    slug: tenant.slug,
    name: tenant.name,
    hostnames: [`${tenant.slug}.localhost`],
    state: tenant.state === 'SUSPENDED' ? 'SUSPENDED' : 'ACTIVE',
    origin,
    changedAt: new Date(services.clock.now()),
  });
  return origin;
}
