import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import type { Transaction } from 'kysely';
import { builder } from '../builder.ts';
import { uniqueName, unlessTaken } from '../taken.ts';
import {
  DeviceRef,
  DeviceStateEnum,
  InterfaceRef,
  ManagementAddressRef,
  ManagementProtocolEnum,
  NasRef,
  SiteRef,
} from '../types.ts';
import { checkDestination, type Destinations } from './destination.ts';
import { stateChanged } from './events.ts';
import { registerDevice, sealed } from './register.ts';
import {
  checkName,
  type ManagementAddressInput,
  type ManagementProtocol,
  managementAddressesOf,
  managementFailureCodes,
  type NewManagementAddress,
} from './rules.ts';
import { type Device, devicePage, lockedDevice, updateDevice, upsertManagementAddress } from './store.ts';

DeviceRef.implement({
  description: 'Equipment of the ISP that is watched or configured.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    site: t.field({
      type: SiteRef,
      nullable: true,
      resolve: ({ siteId }, _args, { loaders }) => (siteId === null ? null : loaders.site.load(siteId)),
    }),
    vendor: t.exposeString('vendor', {
      nullable: true,
      description: 'As the device says; null until it did.',
    }),
    model: t.exposeString('model', { nullable: true }),
    operatingSystem: t.exposeString('os', { nullable: true }),
    version: t.exposeString('version', { nullable: true }),
    serial: t.exposeString('serial', { nullable: true }),
    state: t.expose('state', { type: DeviceStateEnum }),
    stateEvidence: t.exposeString('stateEvidence', { description: 'What the state is based on.' }),
    stateSource: t.exposeString('stateSource'),
    stateSince: t.expose('stateSince', { type: 'DateTime' }),
    seenAt: t.expose('seenAt', { type: 'DateTime', nullable: true, description: 'Its last answer.' }),
    polledAt: t.expose('polledAt', { type: 'DateTime', nullable: true }),
    uptimeSeconds: t.expose('uptimeSeconds', { type: 'BigInt', nullable: true }),
    processorPercent: t.exposeFloat('processorPercent', { nullable: true }),
    memoryUsedBytes: t.field({
      type: 'BigInt',
      nullable: true,
      resolve: ({ memoryUsedBytes }) => (memoryUsedBytes === null ? null : BigInt(memoryUsedBytes)),
    }),
    memoryTotalBytes: t.field({
      type: 'BigInt',
      nullable: true,
      resolve: ({ memoryTotalBytes }) => (memoryTotalBytes === null ? null : BigInt(memoryTotalBytes)),
    }),
    healthAt: t.expose('healthAt', { type: 'DateTime', nullable: true }),
    interfaces: t.field({
      type: [InterfaceRef],
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.interfacesOfDevice.load(id))],
    }),
    nases: t.field({
      type: [NasRef],
      description: 'As which it asks whether subscribers may log in.',
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.nasesOfDevice.load(id))],
    }),
    managementAddresses: t.field({
      type: [ManagementAddressRef],
      resolve: async ({ id }, _args, { loaders }) => [
        ...(await loaders.managementAddressesOfDevice.load(id)),
      ],
    }),
  }),
});

const ManagementFailureEnum = builder.enumType('ManagementFailure', { values: managementFailureCodes });

ManagementAddressRef.implement({
  description: 'How a device is spoken to. Credentials are never shown.',
  fields: (t) => ({
    protocol: t.field({
      type: ManagementProtocolEnum,
      resolve: ({ protocol }) => protocol.toUpperCase() as ManagementProtocol,
    }),
    host: t.exposeString('host'),
    port: t.exposeInt('port'),
    capabilities: t.stringList({
      description: 'What the device showed it can do, such as sessions.read.',
      resolve: ({ capabilities }) => capabilities.map((one) => one.id),
    }),
    failure: t.exposeString('failure', {
      nullable: true,
      description: 'Why the last poll failed; null is well.',
    }),
    failureCode: t.expose('failureCode', {
      type: ManagementFailureEnum,
      nullable: true,
      description:
        'The same as a stable code: of a refused credential what is wrong with it, where the device says so.',
    }),
  }),
});

builder.asEntity(DeviceRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.device.load(id)) as Device,
});

builder.queryFields((t) => ({
  device: t.field({
    type: DeviceRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, { id }, { loaders }) => loaders.device.load(id),
  }),
  devices: t.connection({
    type: DeviceRef,
    description: 'Devices by name.',
    args: { state: t.arg({ type: DeviceStateEnum }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, args, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 50, maxSize: 500, toCursor: (device: Device) => device.name },
        ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
          devicePage(services.database, { limit, inverted, after, before, state: args.state }),
      ),
  }),
}));

export const SnmpUserInput = builder.inputType('SnmpUserInput', {
  description: 'A user of SNMPv3 (RFC 3414).',
  fields: (t) => ({
    name: t.string({ required: true }),
    authProtocol: t.string({ description: 'md5, sha1, sha224, sha256 (the default), sha384 or sha512.' }),
    authPassword: t.string(),
    privProtocol: t.string({ description: 'des, aes128 (the default), aes192 or aes256.' }),
    privPassword: t.string(),
  }),
});
const SnmpAddressInput = builder.inputType('SnmpAddressInput', {
  fields: (t) => ({
    host: t.string({ required: true }),
    port: t.int({ description: '161 when left out.' }),
    community: t.string({ description: 'For SNMPv2c.' }),
    user: t.field({ type: SnmpUserInput }),
  }),
});
const RouterosAddressInput = builder.inputType('RouterosAddressInput', {
  fields: (t) => ({
    host: t.string({ required: true }),
    port: t.int({ description: '8728 when left out.' }),
    username: t.string({ required: true }),
    password: t.string({ required: true }),
    certificateFingerprint: t.string({ description: 'SHA-256; with it the connection is TLS and pinned.' }),
  }),
});
const RegisterDeviceInput = builder.inputType('RegisterDeviceInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    siteId: t.id(),
    parentId: t.id({ description: 'The device through which it reaches the network; see linkDevices.' }),
    snmp: t.field({ type: SnmpAddressInput }),
    routeros: t.field({ type: RouterosAddressInput }),
    clientMutationId: t.string(),
  }),
});
const UpdateDeviceInput = builder.inputType('UpdateDeviceInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    name: t.string(),
    siteId: t.id({ deprecationReason: '`moveDevice` shows first which alarms it would raise and end' }),
    snmp: t.field({ type: SnmpAddressInput }),
    routeros: t.field({ type: RouterosAddressInput }),
    maintenance: t.boolean({
      description: 'In maintenance it is still polled, but its state says so and nothing else.',
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('registerDevice', (t) =>
  t.field({
    type: DeviceRef,
    description: 'It is asked who it is and polled from then on.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RegisterDeviceInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal, traceId, poller, enforcement }) => {
      const name = checkName(input.name);
      const addresses = managementAddressesOf(input as ManagementAddressInput);
      await checkDestinations(enforcement.sessions.destinations, addresses);
      const siteId = input.siteId ?? null;
      if (siteId !== null && (await loaders.site.load(siteId)) === null)
        throw new NotFoundError('Site', siteId);
      const parentId = input.parentId ?? null;
      if (parentId !== null && (await loaders.device.load(parentId)) === null)
        throw new NotFoundError('Device', parentId);
      const by = { actor: principal.id, traceId };
      const device = await services.database
        .transaction()
        .execute((transaction) =>
          registerDevice(transaction, services, { name, siteId, parentId, addresses }, by),
        );
      poller.refresh();
      return device;
    },
  }),
);

builder.mutationField('updateDevice', (t) =>
  t.field({
    type: DeviceRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: UpdateDeviceInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal, traceId, poller, enforcement }) => {
      const { id, maintenance } = input;
      const addresses = managementAddressesOf(input as ManagementAddressInput);
      await checkDestinations(enforcement.sessions.destinations, addresses);
      if (input.siteId != null && (await loaders.site.load(input.siteId)) === null)
        throw new NotFoundError('Site', input.siteId);
      const now = services.clock.now();
      const change = async (transaction: Transaction<TenantDatabase>) => {
        const before = await lockedDevice(transaction, id);
        if (before === null) throw new NotFoundError('Device', id);
        const state = maintenance === true ? 'MAINTENANCE' : maintenance === false ? 'UNKNOWN' : before.state;
        const moved = state !== before.state && (maintenance === true || before.state === 'MAINTENANCE');
        const device = await updateDevice(transaction, id, {
          name: input.name == null ? before.name : checkName(input.name),
          ...(input.siteId === undefined ? {} : { siteId: input.siteId }),
          ...(moved
            ? {
                state,
                stateSource: principal.id,
                stateEvidence: maintenance ? 'put into maintenance' : 'taken out of maintenance',
                stateSince: new Date(now),
              }
            : {}),
        });
        for (const address of addresses)
          await upsertManagementAddress(transaction, sealed(services, id, address));
        const about = { subject: id, occurredAt: now, actor: principal.id, traceId };
        await appendEvents<TenantEvents>(transaction, [
          { ...about, type: 'device.updated', payload: { deviceId: id, name: device.name } },
          ...(moved ? [stateChanged(before, device, now, principal.id)] : []),
        ]);
        return device;
      };
      const { database } = services;
      const device = await unlessTaken(
        database,
        [uniqueName('device', 'device')],
        { name: input.name?.trim() },
        () => database.transaction().execute(change),
      );
      poller.refresh();
      return device;
    },
  }),
);

/** @throws ValidationError for a host where no device may be. */
async function checkDestinations(
  destinations: Destinations,
  addresses: readonly NewManagementAddress[],
): Promise<void> {
  for (const { protocol, host } of addresses)
    await checkDestination(destinations, `input.${protocol.toLowerCase()}.host`, host);
}
