import { builder } from '../builder.ts';
import {
  DeviceRef,
  DeviceStateEnum,
  InterfaceRef,
  ManagementAddressRef,
  ManagementProtocolEnum,
  NasRef,
  SiteRef,
} from '../types.ts';
import { type ManagementProtocol, managementFailureCodes } from './rules.ts';
import type { Device } from './store.ts';

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
