import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { builder } from '../builder.ts';
import type { Nas } from '../nas/store.ts';
import { DeviceRef, NasRef, ServiceRef, SessionRef, serviceOf } from '../types.ts';
import { type Session, sessionPage } from './store.ts';

SessionRef.implement({
  description: "A subscriber's time online, as accounting tells of it.",
  authScopes: ({ serviceId }, { principal, loaders }) => {
    const otherwise = { scope: 'network:sessions:read' } as const;
    if (principal.customerId === null || serviceId === null) return otherwise;
    return loaders.access
      .load(serviceId)
      .then((access) => access?.customerId === principal.customerId || otherwise);
  },
  fields: (t) => ({
    id: t.exposeID('id'),
    service: t.field({
      type: ServiceRef,
      nullable: true,
      resolve: ({ serviceId }) => serviceOf(serviceId),
    }),
    username: t.exposeString('username'),
    address: t.expose('address', { type: 'IPAddress', nullable: true }),
    mac: t.expose('mac', { type: 'MAC', nullable: true }),
    live: t.boolean({ resolve: ({ stoppedAt }) => stoppedAt === null }),
    startedAt: t.expose('startedAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'The newest word of it.' }),
    stoppedAt: t.expose('stoppedAt', { type: 'DateTime', nullable: true }),
    terminateCause: t.exposeString('terminateCause', {
      nullable: true,
      description: 'RFC 2866 §5.10, or Stale, NAS-Reboot, Replaced when we closed it.',
    }),
    sessionTimeSeconds: t.expose('sessionTimeSeconds', { type: 'BigInt' }),
    downstreamOctets: t.field({
      type: 'BigInt',
      resolve: ({ downstreamOctets }) => BigInt(downstreamOctets),
    }),
    upstreamOctets: t.field({ type: 'BigInt', resolve: ({ upstreamOctets }) => BigInt(upstreamOctets) }),
    device: t.field({
      type: DeviceRef,
      nullable: true,
      authScopes: { scope: 'network:read' },
      resolve: ({ deviceId }, _args, { loaders }) =>
        deviceId === null ? null : loaders.device.load(deviceId),
    }),
    nas: t.field({
      type: NasRef,
      authScopes: { scope: 'network:read' },
      nullable: true,
      resolve: async ({ nasId }, _args, { loaders }) => (await loaders.nas.load(nasId)) as Nas,
    }),
  }),
});

builder.asEntity(SessionRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.session.load(id)) as Session,
});

builder.queryFields((t) => ({
  session: t.field({
    type: SessionRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    authScopes: { scope: 'network:sessions:read' },
    resolve: (_root, { id }, { loaders }) => loaders.session.load(id),
  }),
  sessions: t.connection({
    type: SessionRef,
    description: 'Sessions, newest first.',
    args: { live: t.arg.boolean(), deviceId: t.arg.id(), username: t.arg.string() },
    authScopes: { scope: 'network:sessions:read' },
    resolve: (_root, args, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 50, maxSize: 500, toCursor: (session: Session) => session.id },
        ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
          sessionPage(services.database, {
            limit,
            inverted,
            after,
            before,
            live: args.live,
            deviceId: args.deviceId,
            username: args.username,
          }),
      ),
  }),
}));
