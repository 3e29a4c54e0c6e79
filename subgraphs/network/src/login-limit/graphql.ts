import { ConflictError, NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import { openAccess, tellAccessUpdated } from '../access/edit.ts';
import { type Access, accessesByService, updateAccess } from '../access/store.ts';
import { builder } from '../builder.ts';
import { fingerprintOf } from '../change/apply.ts';
import { disconnectQueue } from '../session/disconnect-job.ts';
import { liveSessionsOfService, type Session } from '../session/store.ts';
import { AccessRef, ChangeModeEnum, NasRef, SessionRef } from '../types.ts';
import { brokenLimit, checkLimits, type LoginLimits, noLimits } from './rules.ts';

const LoginLimitsRef = builder.objectRef<LoginLimits>('LoginLimits').implement({
  description: 'What logins are held to beside the password. Empty lists and a limit of 0 hold to nothing.',
  fields: (t) => ({
    macLimit: t.exposeInt('macLimit', {
      description: 'So many MAC addresses are learnt by their first login, and no other is let in; 0: any.',
    }),
    macs: t.field({ type: ['MAC'], resolve: ({ macs }) => [...macs] }),
    nases: t.field({
      type: [NasRef],
      authScopes: { scope: 'network:read' },
      resolve: async ({ nasIds }, _args, { loaders }) =>
        (await Promise.all(nasIds.map((id) => loaders.nas.load(id)))).filter((nas) => nas !== null),
    }),
    portIds: t.stringList({ description: 'NAS-Port-Id.', resolve: ({ portIds }) => [...portIds] }),
    circuitIds: t.stringList({
      description: 'Agent-Circuit-Id (RFC 4679).',
      resolve: ({ circuitIds }) => [...circuitIds],
    }),
    kickOldest: t.exposeBoolean('kickOldest', {
      description: 'One login too many ends the oldest session instead of being refused.',
    }),
  }),
});

builder.objectField(AccessRef, 'loginLimits', (t) =>
  t.field({ type: LoginLimitsRef, resolve: ({ limits }) => limits ?? noLimits }),
);

interface LimitsResult {
  readonly access: Access;
  readonly limits: LoginLimits;
  readonly ends: readonly Session[];
  readonly fingerprint: string;
}

const SetLoginLimitsResultRef = builder.objectRef<LimitsResult>('SetLoginLimitsResult').implement({
  fields: (t) => ({
    access: t.expose('access', { type: AccessRef }),
    limits: t.expose('limits', { type: LoginLimitsRef, description: 'As they would be, or are now.' }),
    ends: t.field({
      type: [SessionRef],
      description: 'Live sessions that do not keep the limits: they are disconnected.',
      resolve: ({ ends }) => [...ends],
    }),
    fingerprint: t.exposeString('fingerprint'),
  }),
});

const SetLoginLimitsInput = builder.inputType('SetLoginLimitsInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    macLimit: t.int({ description: '0 to 20; what is left out stays as it is.' }),
    macs: t.stringList({ description: 'In any notation; an empty list has them learnt anew.' }),
    nasIds: t.idList(),
    portIds: t.stringList(),
    circuitIds: t.stringList(),
    kickOldest: t.boolean(),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('setLoginLimits', (t) =>
  t.field({
    type: SetLoginLimitsResultRef,
    description: 'MAC lock, NAS, port and circuit of a service, and what one login too many does.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: SetLoginLimitsInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, policy, principal, traceId }) => {
      const { serviceId } = input;
      for (const id of input.nasIds ?? [])
        if ((await loaders.nas.load(String(id))) === null) throw new NotFoundError('Nas', String(id));
      const result = await services.database.transaction().execute(async (transaction) => {
        const access = await openAccess(transaction, serviceId);
        const before = access.limits ?? noLimits;
        const limits = checkLimits({
          macLimit: input.macLimit ?? before.macLimit,
          macs: input.macs ?? before.macs,
          nasIds: input.nasIds?.map(String) ?? before.nasIds,
          portIds: input.portIds ?? before.portIds,
          circuitIds: input.circuitIds ?? before.circuitIds,
          kickOldest: input.kickOldest ?? before.kickOldest,
        });
        const ends = (await liveSessionsOfService(transaction, serviceId)).filter(
          ({ nasId, mac }) =>
            brokenLimit(limits, { nasId, mac, portId: () => undefined, circuitId: () => undefined }) !== null,
        );
        const fingerprint = fingerprintOf(
          serviceId,
          JSON.stringify([before, limits]),
          ends.map(({ id }) => id),
        );
        if (input.mode === 'PLAN') return { access, limits, ends, fingerprint };
        if (input.fingerprint !== fingerprint) throw new StalePlanError();
        await updateAccess(transaction, serviceId, { limits });
        for (const { id: sessionId } of ends)
          await services.jobs.enqueue(transaction as never, disconnectQueue, {
            sessionId,
            because: `limits set by ${principal.name}`,
          });
        await tellAccessUpdated(transaction, [serviceId], {
          occurredAt: services.clock.now(),
          actor: principal.id,
          traceId,
        });
        const [after = access] = await accessesByService(transaction, [serviceId]);
        return { access: after, limits, ends, fingerprint };
      });
      if (input.mode === 'APPLY') await policy.refresh([serviceId]);
      return result;
    },
  }),
);
