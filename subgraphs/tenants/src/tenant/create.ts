import type { PlatformDatabase } from '@dotmac/migrations';
import { appendEvents, newId } from '@dotmac/platform';
import { ConflictError, type PlatformEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { TenantsServices } from '../builder.ts';
import { insertJob } from '../provisioning/store.ts';
import { newPorts } from './ports.ts';
import { checkTenant, type TenantInput } from './rules.ts';
import { insertTenant, type Tenant } from './store.ts';

export interface NewTenant extends TenantInput {
  readonly isPlatform?: boolean;
  readonly demo?: boolean;
  /** The partner's lead that it comes from. */
  readonly leadId?: string | null | undefined;
}

/**
 * Asks for a tenant: the row, its provisioning job and the event in one transaction. The reconciler does the rest.
 * @throws ValidationError, ConflictError when the slug is taken.
 */
export async function createTenant(
  { clock }: Pick<TenantsServices, 'clock'>,
  transaction: Transaction<PlatformDatabase>,
  input: NewTenant,
  actor: string,
): Promise<Tenant> {
  const { isPlatform = false, demo = false, leadId = null, ...fields } = input;
  const checked = checkTenant(fields, isPlatform);
  const now = clock.now();
  const id = newId('ten', clock);
  const ports = await newPorts(transaction, 4);
  const [radiusAuthPort = 0, radiusAccountingPort = 0, trapPort = 0, radsecPort = 0] = ports;
  const tenant = await insertTenant(transaction, {
    ...checked,
    id,
    isPlatform,
    demo,
    radiusAuthPort,
    radiusAccountingPort,
    trapPort,
    radsecPort,
    createdAt: new Date(now),
  });
  if (tenant === null)
    throw new ConflictError('SLUG_TAKEN', `There is a tenant with the slug ${checked.slug} already`);
  await insertJob(transaction, { id: newId('prv', clock), tenantId: id, startedAt: new Date(now) });
  const { slug, name } = tenant;
  await appendEvents<PlatformEvents>(transaction, [
    {
      type: 'tenant.requested',
      subject: id,
      payload: { tenantId: id, slug, name, leadId },
      occurredAt: now,
      actor,
    },
  ]);
  return tenant;
}
