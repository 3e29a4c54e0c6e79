import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import type { Transaction } from 'kysely';
import { builder, type NetworkContext } from '../builder.ts';
import { lockedDevice, updateDevice } from '../device/store.ts';
import { deviceOfRow, interfaceOfRow } from '../port-fields.ts';
import { insertLink, lockTopology, topology } from '../topology/store.ts';
import { DeviceRef } from '../types.ts';
import { followWays } from './reconcile.ts';
import { linkStates } from './rules.ts';
import { linkPage, linksById, type NeighborRow, type NetworkLink, updateNetworkLink } from './store.ts';

const NeighborRef = builder.objectRef<NeighborRow>('Neighbor').implement({
  description: 'Somebody whom a device hears on one of its ports, as the device says.',
  fields: (t) => ({
    protocol: t.exposeString('protocol', { description: 'LLDP, CDP or MNDP.' }),
    interface: t.field({ ...interfaceOfRow, description: 'Where it is heard.' }),
    portName: t.exposeString('portName', { nullable: true }),
    chassis: t.exposeString('chassis', { nullable: true, description: 'Its MAC address, as a rule.' }),
    remotePort: t.exposeString('remotePort', { nullable: true }),
    systemName: t.exposeString('systemName', { nullable: true }),
    addresses: t.exposeStringList('addresses', { description: 'Where it says it can be managed.' }),
    device: t.field({
      type: DeviceRef,
      nullable: true,
      description: 'Whom it was found to be; null: nobody who is registered.',
      resolve: ({ matchedDeviceId }, _args, { loaders }) =>
        matchedDeviceId === null ? null : loaders.device.load(matchedDeviceId),
    }),
    problem: t.exposeString('problem', { nullable: true, description: 'What is odd about it.' }),
    source: t.exposeString('source'),
    firstSeenAt: t.expose('firstSeenAt', { type: 'DateTime' }),
    seenAt: t.expose('seenAt', { type: 'DateTime' }),
    goneSince: t.expose('goneSince', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when the device answers without it.',
    }),
  }),
});

const LinkStateEnum = builder.enumType('LinkState', {
  description:
    'PROPOSED: one end hears the other. CONFIRMED: both do, or a person said so; only these are ways. STALE: neither does any more.',
  values: linkStates,
});

interface End {
  readonly deviceId: string;
  readonly interfaceId: string | null;
  readonly seenAt: Date | null;
}
const LinkEndRef = builder.objectRef<End>('LinkEnd').implement({
  fields: (t) => ({
    device: t.field(deviceOfRow),
    interface: t.field(interfaceOfRow),
    seenAt: t.expose('seenAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When this end last heard the other; null: it never did.',
    }),
  }),
});

const LinkRef = builder.objectRef<NetworkLink>('NetworkLink').implement({
  description: 'A cable or radio link between two devices, from what they hear of each other.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    state: t.expose('state', { type: LinkStateEnum }),
    ends: t.field({
      type: [LinkEndRef],
      description: 'Two.',
      resolve: (link) => [
        { deviceId: link.aDeviceId, interfaceId: link.aInterfaceId, seenAt: link.aSeenAt },
        { deviceId: link.bDeviceId, interfaceId: link.bInterfaceId, seenAt: link.bSeenAt },
      ],
    }),
    conflict: t.exposeString('conflict', { nullable: true, description: 'What contradicts it.' }),
    firstSeenAt: t.expose('firstSeenAt', { type: 'DateTime' }),
    goneSince: t.expose('goneSince', { type: 'DateTime', nullable: true }),
    decidedBy: t.exposeString('decidedBy', { nullable: true, description: 'Who confirmed or rejected it.' }),
    decidedAt: t.expose('decidedAt', { type: 'DateTime', nullable: true }),
  }),
});

builder.objectFields(DeviceRef, (t) => ({
  gateway: t.exposeBoolean('gateway', { description: 'Whether the network leaves to the world here.' }),
  systemName: t.exposeString('systemName', { nullable: true, description: 'What it calls itself.' }),
  neighbors: t.field({
    type: [NeighborRef],
    description: 'Whom it hears, and whom it heard in the last 30 days.',
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.neighborsOfDevice.load(id))],
  }),
  links: t.field({
    type: [LinkRef],
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.linksOfDevice.load(id))],
  }),
}));

builder.queryField('networkLinks', (t) =>
  t.connection({
    type: LinkRef,
    description: 'Links between devices, newest first.',
    args: { states: t.arg({ type: [LinkStateEnum], description: 'All when left out.' }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, args, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 50, maxSize: 500, toCursor: (link: NetworkLink) => link.id },
        ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
          linkPage(services.database, { limit, inverted, after, before, states: args.states }),
      ),
  }),
);

const ConfirmLinkInput = builder.inputType('ConfirmLinkInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    parentId: t.id({
      description: 'The end nearer to the backhaul; left out, the way to the gateway decides.',
    }),
    clientMutationId: t.string(),
  }),
});
const RejectLinkInput = builder.inputType('RejectLinkInput', {
  fields: (t) => ({ id: t.id({ required: true }), clientMutationId: t.string() }),
});
const SetGatewayInput = builder.inputType('SetGatewayInput', {
  fields: (t) => ({
    deviceId: t.id({ required: true }),
    gateway: t.boolean({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationFields((t) => ({
  confirmLink: t.field({
    type: LinkRef,
    description: 'Says that a link is there, whatever contradicts it.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: ConfirmLinkInput, required: true }) },
    resolve: (_root, { input }, context) => decide(context, input.id, 'CONFIRMED', input.parentId ?? null),
  }),
  rejectLink: t.field({
    type: LinkRef,
    description: 'Says that a link is not there; it is no way until somebody confirms it.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RejectLinkInput, required: true }) },
    resolve: (_root, { input }, context) => decide(context, input.id, 'REJECTED', null),
  }),
  setGateway: t.field({
    type: DeviceRef,
    description: 'Says whether the network leaves to the world at a device: confirmed links lead there.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: SetGatewayInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal, traceId }) => {
      const now = services.clock.now();
      const device = await services.database.transaction().execute(async (transaction) => {
        await lockTopology(transaction);
        if ((await lockedDevice(transaction, input.deviceId)) === null)
          throw new NotFoundError('Device', input.deviceId);
        const after = await updateDevice(transaction, input.deviceId, { gateway: input.gateway });
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'device.updated',
            subject: after.id,
            payload: { deviceId: after.id, name: after.name },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
        await followWays(transaction, now);
        return after;
      });
      loaders.device.clear(device.id);
      loaders.topology.clearAll();
      return device;
    },
  }),
}));

async function decide(
  { services, loaders, principal }: NetworkContext,
  id: string,
  decision: 'CONFIRMED' | 'REJECTED',
  parentId: string | null,
): Promise<NetworkLink> {
  const now = services.clock.now();
  const link = await services.database.transaction().execute(async (transaction) => {
    await lockTopology(transaction);
    const [before] = await linksById(transaction, [id]);
    if (before === undefined) throw new NotFoundError('NetworkLink', id);
    const after = await updateNetworkLink(transaction, id, {
      state: decision,
      decision,
      conflict: null,
      decidedBy: principal.id,
      decidedAt: new Date(now),
    });
    if (parentId !== null) await insertWay(transaction, after, parentId, now);
    await followWays(transaction, now);
    return after;
  });
  loaders.topology.clearAll();
  return link;
}

async function insertWay(
  transaction: Transaction<TenantDatabase>,
  { aDeviceId, bDeviceId }: NetworkLink,
  parentId: string,
  now: number,
): Promise<void> {
  if (parentId !== aDeviceId && parentId !== bDeviceId) throw new NotFoundError('LinkEnd', parentId);
  const way = { childId: parentId === aDeviceId ? bDeviceId : aDeviceId, parentId };
  if ((await topology(transaction)).wouldCircle(way))
    throw new ConflictError('CIRCLE', 'That end already reaches the network through the other');
  await insertLink(transaction, { ...way, source: 'MANUAL', createdAt: new Date(now) });
}
