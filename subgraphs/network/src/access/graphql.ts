import { randomBytes } from 'node:crypto';
import { appendEvents } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import {
  AccessChangeRef,
  AccessModeEnum,
  AccessRef,
  DeviceRef,
  RateRef,
  ServiceRef,
  SessionRef,
  ShapingRef,
} from '../types.ts';
import { openAccess, tellAccessUpdated } from './edit.ts';
import { passwordFrom } from './rules.ts';
import { type Access, lockedAccess, passwordPurpose, sealedPassword, updateAccess } from './store.ts';

ServiceRef.implement({
  externalFields: (t) => ({ id: t.id() }),
  fields: (t) => ({
    access: t.field({
      type: AccessRef,
      nullable: true,
      description: 'How the service reaches the network; null while it is being prepared.',
      resolve: ({ id }, _args, { loaders }) => loaders.access.load(id),
    }),
  }),
});

AccessRef.implement({
  description: 'What one service should have on the network, and what it has.',
  // A subscriber sees his own, wherever in the graph he comes from.
  authScopes: (access, { principal }) =>
    (principal.customerId !== null && principal.customerId === access.customerId) || {
      scope: 'network:read',
    },
  fields: (t) => ({
    username: t.exposeString('username'),
    address: t.expose('address', { type: 'IPAddress', nullable: true }),
    mode: t.expose('mode', {
      type: AccessModeEnum,
      description: 'As it should be; see changes for how it is.',
    }),
    shaping: t.expose('shaping', { type: ShapingRef, nullable: true }),
    simultaneousSessions: t.exposeInt('simultaneousSessions', {
      description: 'Lines that may be online at once.',
    }),
    readyAt: t.expose('readyAt', { type: 'DateTime', nullable: true }),
    device: t.field({
      type: DeviceRef,
      nullable: true,
      description: 'The access device that serves it.',
      authScopes: { scope: 'network:read' },
      resolve: ({ deviceId }, _args, { loaders }) =>
        deviceId === null ? null : loaders.device.load(deviceId),
    }),
    session: t.field({
      type: SessionRef,
      nullable: true,
      description: 'The live session.',
      resolve: ({ serviceId }, _args, { loaders }) => loaders.liveSessionOfService.load(serviceId),
    }),
    sessions: t.field({
      type: [SessionRef],
      description: 'The last 50 sessions, newest first.',
      resolve: async ({ serviceId }, _args, { loaders }) => [
        ...(await loaders.sessionsOfService.load(serviceId)),
      ],
    }),
    changes: t.field({
      type: [AccessChangeRef],
      description: 'The last 20 changes, newest first.',
      authScopes: { scope: 'network:read' },
      resolve: async ({ serviceId }, _args, { loaders }) => [
        ...(await loaders.changesOfService.load(serviceId)),
      ],
    }),
  }),
});

ShapingRef.implement({
  description: "Speeds; directions are the subscriber's.",
  fields: (t) => ({
    downstream: t.expose('downstream', { type: RateRef }),
    upstream: t.expose('upstream', { type: RateRef }),
  }),
});
RateRef.implement({
  fields: (t) => ({
    bitsPerSecond: t.field({
      type: 'BitsPerSecond',
      resolve: ({ bitsPerSecond }) => BigInt(bitsPerSecond),
    }),
    burstBitsPerSecond: t.field({
      type: 'BitsPerSecond',
      nullable: true,
      description: 'Granted while the average stays below the threshold.',
      resolve: ({ burst }) => (burst === undefined ? null : BigInt(burst.bitsPerSecond)),
    }),
    burstThresholdBitsPerSecond: t.field({
      type: 'BitsPerSecond',
      nullable: true,
      resolve: ({ burst }) => (burst === undefined ? null : BigInt(burst.thresholdBitsPerSecond)),
    }),
    burstSeconds: t.int({ nullable: true, resolve: ({ burst }) => burst?.seconds ?? null }),
  }),
});

const RevealAccessPasswordInput = builder.inputType('RevealAccessPasswordInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    reason: t.string({ required: true, description: 'Why it is needed; kept with the name of who asked.' }),
    clientMutationId: t.string(),
  }),
});
const RevealedPasswordRef = builder
  .objectRef<{ username: string; password: string }>('RevealedPassword')
  .implement({
    fields: (t) => ({ username: t.exposeString('username'), password: t.exposeString('password') }),
  });

builder.mutationField('revealAccessPassword', (t) =>
  t.field({
    type: RevealedPasswordRef,
    description: 'Shows the login password of a service and records that it was shown.',
    authScopes: { scope: 'network:secrets:reveal' },
    errors: { types: [ValidationError, NotFoundError] },
    args: { input: t.arg({ type: RevealAccessPasswordInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal, traceId }) => {
      const { serviceId } = input;
      const reason = input.reason.trim();
      if (reason.length < 3) throw new ValidationError('input.reason', 'Say in a few words why it is needed');
      const access = await loaders.access.load(serviceId);
      if (access === null) throw new NotFoundError('Service', serviceId);
      return services.database.transaction().execute(async (transaction) => {
        const sealed = await sealedPassword(transaction, serviceId);
        if (sealed === null) throw new NotFoundError('Service', serviceId);
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'access.password.revealed',
            subject: serviceId,
            payload: { serviceId, reason },
            occurredAt: services.clock.now(),
            actor: principal.id,
            traceId,
          },
        ]);
        const password = services.secrets.open(sealed, passwordPurpose(serviceId));
        return { username: access.username, password };
      });
    },
  }),
);

const UpdateAccessInput = builder.inputType('UpdateAccessInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    simultaneousSessions: t.int({ description: '1 to 100.' }),
    newPassword: t.boolean({ description: 'Makes a new random password; see revealAccessPassword.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('updateAccess', (t) =>
  t.field({
    type: AccessRef,
    description: 'Changes what the next login needs; a live session goes on.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: UpdateAccessInput, required: true }) },
    resolve: async (_root, { input }, { services, principal, traceId }) => {
      const { serviceId, simultaneousSessions, newPassword } = input;
      if (simultaneousSessions != null && (simultaneousSessions < 1 || simultaneousSessions > 100))
        throw new ValidationError(
          'input.simultaneousSessions',
          'Between 1 and 100 lines may be online at once',
        );
      return services.database.transaction().execute(async (transaction) => {
        const before = await openAccess(transaction, serviceId);
        const password = newPassword === true ? passwordFrom(randomBytes(64)) : null;
        await updateAccess(transaction, serviceId, {
          simultaneousSessions: simultaneousSessions ?? before.simultaneousSessions,
          ...(password === null
            ? {}
            : { password: services.secrets.seal(password, passwordPurpose(serviceId)) }),
        });
        await tellAccessUpdated(transaction, [serviceId], {
          occurredAt: services.clock.now(),
          actor: principal.id,
          traceId,
        });
        return (await lockedAccess(transaction, serviceId)) as Access;
      });
    },
  }),
);
