import { ConflictError, NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import { openAccess, tellAccessUpdated } from '../access/edit.ts';
import { type Access, lockedAccess } from '../access/store.ts';
import { builder } from '../builder.ts';
import { disconnectQueue } from '../session/disconnect-job.ts';
import { liveSessionsOfService, type Session } from '../session/store.ts';
import { AccessRef, AddressPoolRef, ChangeModeEnum, SessionRef } from '../types.ts';
import { type Assignment, carryOut, planAssignment } from './assign.ts';
import { addressPoolById } from './store.ts';

builder.objectFields(AccessRef, (t) => ({
  ipv6Prefix: t.expose('staticIpv6Prefix', {
    type: 'CIDR',
    nullable: true,
    description: 'For good, for the line; null: lent at login.',
  }),
  delegatedPrefix: t.expose('staticDelegatedPrefix', {
    type: 'CIDR',
    nullable: true,
    description: 'For good, for the network behind it; null: lent at login.',
  }),
  addressPool: t.field({
    type: AddressPoolRef,
    nullable: true,
    description: 'The only pool that lends its IPv4 address; null: any of the NAS.',
    authScopes: { scope: 'network:read' },
    resolve: ({ poolId }, _args, { services }) =>
      poolId === null ? null : addressPoolById(services.database, poolId),
  }),
}));

interface AssignResult {
  readonly access: Access;
  readonly assignment: Assignment;
  readonly ends: readonly Session[];
}

const AssignAddressResultRef = builder.objectRef<AssignResult>('AssignAddressResult').implement({
  description: 'What the service would have (PLAN), or has now (APPLY).',
  fields: (t) => ({
    access: t.expose('access', { type: AccessRef }),
    address: t.field({
      type: 'IPAddress',
      nullable: true,
      description: 'Null: lent at login.',
      resolve: ({ assignment }) => assignment.address,
    }),
    ipv6Prefix: t.field({ type: 'CIDR', nullable: true, resolve: ({ assignment }) => assignment.ipv6Prefix }),
    delegatedPrefix: t.field({
      type: 'CIDR',
      nullable: true,
      resolve: ({ assignment }) => assignment.delegatedPrefix,
    }),
    ends: t.field({
      type: [SessionRef],
      description: 'Live sessions that are disconnected: no NAS changes an address of a live one.',
      resolve: ({ ends }) => [...ends],
    }),
    fingerprint: t.string({ resolve: ({ assignment }) => assignment.fingerprint }),
  }),
});

const AssignAddressInput = builder.inputType('AssignAddressInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    poolId: t.id({
      description:
        'Moves the service: a static pool gives its next address, one that lends does so at login.',
    }),
    address: t.field({ type: 'IPAddress', description: 'This very IPv4 address, of a static pool.' }),
    ipv6Prefix: t.field({ type: 'CIDR', description: 'For good; null gives it up.' }),
    delegatedPrefix: t.field({ type: 'CIDR', description: 'For good; null gives it up.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('assignAddress', (t) =>
  t.field({
    type: AssignAddressResultRef,
    description: 'Moves a service to another pool, or gives it addresses and prefixes for good.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: AssignAddressInput, required: true }) },
    resolve: async (_root, { input }, { services, policy, principal, traceId }) => {
      const { serviceId } = input;
      const result = await services.database.transaction().execute(async (transaction) => {
        const access = await openAccess(transaction, serviceId);
        const assignment = await planAssignment(transaction, access, {
          poolId: input.poolId ?? undefined,
          address: input.address ?? undefined,
          ipv6Prefix: input.ipv6Prefix,
          delegatedPrefix: input.delegatedPrefix,
        });
        const ends = await liveSessionsOfService(transaction, serviceId);
        if (input.mode === 'PLAN') return { access, assignment, ends };
        if (input.fingerprint !== assignment.fingerprint) throw new StalePlanError();
        const now = services.clock.now();
        await carryOut(transaction, access, assignment, new Date(now));
        for (const { id: sessionId } of ends)
          await services.jobs.enqueue(transaction as never, disconnectQueue, {
            sessionId,
            because: `addresses assigned by ${principal.name}`,
          });
        await tellAccessUpdated(transaction, [serviceId], {
          occurredAt: now,
          actor: principal.id,
          traceId,
        });
        return { access: (await lockedAccess(transaction, serviceId)) as Access, assignment, ends };
      });
      if (input.mode === 'APPLY') await policy.refresh([serviceId]);
      return result;
    },
  }),
);
