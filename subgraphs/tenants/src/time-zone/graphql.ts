import { createHash } from 'node:crypto';
import { appendEvents } from '@dotmac/platform';
import {
  ConflictError,
  NotFoundError,
  type PlatformEvents,
  requireFingerprint,
  StalePlanError,
  ValidationError,
} from '@dotmac/schema';
import { ApplyModeEnum } from '../apply-mode.ts';
import { builder } from '../builder.ts';
import { lockedTenant, updateTenant } from '../tenant/store.ts';
import { planZoneChange, type ZoneChange } from './rules.ts';

interface Changed extends ZoneChange {
  readonly done: boolean;
  readonly fingerprint: string;
}

const ChangeRef = builder.objectRef<Changed>('TenantTimeZoneChange').implement({
  description: 'What a change of zone would do (PLAN), or did (APPLY).',
  fields: (t) => ({
    done: t.exposeBoolean('done'),
    from: t.exposeString('from'),
    to: t.exposeString('to'),
    today: t.expose('today', { type: 'LocalDate', description: 'By the zone it has.' }),
    todayThen: t.expose('todayThen', {
      type: 'LocalDate',
      description: 'By the new one: the same day, or the next, which then begins at once.',
    }),
    nextDayAt: t.field({
      type: 'DateTime',
      description: 'When the local day after that begins.',
      resolve: ({ nextDayAt }) => new Date(nextDayAt),
    }),
    fingerprint: t.exposeString('fingerprint', { description: 'For APPLY.' }),
  }),
});

const ChangeInput = builder.inputType('ChangeTenantTimeZoneInput', {
  fields: (t) => ({
    timeZone: t.string({ required: true, description: 'IANA name, such as America/Toronto.' }),
    mode: t.field({ type: ApplyModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('changeTenantTimeZone', (t) =>
  t.field({
    type: ChangeRef,
    description:
      'Lets the business days of the tenant of the principal begin by another zone. What is issued and paid keeps its dates, and no day comes twice. Its runtime is replaced by one that knows the zone.',
    authScopes: { scope: 'tenant:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: ChangeInput, required: true }) },
    resolve: (_root, { input }, { services, principal }) => {
      const { tenantId } = principal;
      if (tenantId === null) throw new ValidationError('input', 'A zone belongs to a tenant: act in one');
      const planned = input.mode === 'PLAN' ? null : requireFingerprint(input.fingerprint);
      return services.database.transaction().execute(async (transaction): Promise<Changed> => {
        const tenant = await lockedTenant(transaction, tenantId);
        if (tenant === null) throw new NotFoundError('Tenant', tenantId);
        const now = services.clock.now();
        const change = planZoneChange(tenant.timeZone, input.timeZone, now);
        const fingerprint = fingerprintOf(tenantId, change);
        if (planned === null) return { ...change, done: false, fingerprint };
        if (planned !== fingerprint) throw new StalePlanError();
        await updateTenant(transaction, tenantId, { timeZone: change.to });
        await appendEvents<PlatformEvents>(transaction, [
          {
            type: 'tenant.timeZone.changed',
            subject: tenantId,
            payload: { tenantId, from: change.from, to: change.to },
            occurredAt: now,
            actor: principal.id,
          },
        ]);
        return { ...change, done: true, fingerprint };
      });
    },
  }),
);

function fingerprintOf(tenantId: string, change: ZoneChange): string {
  return createHash('sha256')
    .update(JSON.stringify([tenantId, change]))
    .digest('base64url');
}
