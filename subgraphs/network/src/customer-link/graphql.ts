import { ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { deviceOfRow, interfaceOfRow } from '../port-fields.ts';
import { DeviceRef, ServiceRef } from '../types.ts';
import { type CustomerLinkRow, type LevelPoint, levelsOfService } from './store.ts';

const mostPoints = 2_000;
/** Radios are read every five minutes at the most. */
const finestSeconds = 60;
const rounded = (value: number | null) => (value === null ? null : Math.round(value * 100) / 100);

const CustomerLinkRef = builder.objectRef<CustomerLinkRow>('CustomerLink').implement({
  description:
    'A customer’s radio or optical equipment as the access point or line card last saw it. Down is towards the customer.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    medium: t.field({
      type: builder.enumType('CustomerLinkMedium', { values: ['WIRELESS', 'OPTICAL'] as const }),
      resolve: ({ medium }) => medium,
    }),
    device: t.field(deviceOfRow),
    interface: t.field(interfaceOfRow),
    portName: t.exposeString('portName', { nullable: true }),
    service: t.field({
      type: ServiceRef,
      nullable: true,
      description: 'Whose it is: by the MAC address that logs in, or as somebody said; null: nobody knows.',
      resolve: ({ serviceId }) => (serviceId === null ? null : { id: serviceId }),
    }),
    mac: t.expose('mac', { type: 'MAC', nullable: true }),
    serial: t.exposeString('serial', { nullable: true }),
    name: t.exposeString('name', { nullable: true, description: 'What the device calls it.' }),
    signalDbm: t.float({ nullable: true, resolve: ({ signalDbm }) => rounded(signalDbm) }),
    snrDb: t.float({ nullable: true, resolve: ({ snrDb }) => rounded(snrDb) }),
    ccqPercent: t.float({ nullable: true, resolve: ({ ccqPercent }) => rounded(ccqPercent) }),
    downBitsPerSecond: t.field({
      type: 'BitsPerSecond',
      nullable: true,
      description: 'Of the radio link, not of traffic.',
      resolve: ({ downBitsPerSecond }) => (downBitsPerSecond === null ? null : BigInt(downBitsPerSecond)),
    }),
    upBitsPerSecond: t.field({
      type: 'BitsPerSecond',
      nullable: true,
      resolve: ({ upBitsPerSecond }) => (upBitsPerSecond === null ? null : BigInt(upBitsPerSecond)),
    }),
    rxPowerDbm: t.float({
      nullable: true,
      description: 'What the customer’s ONU receives.',
      resolve: ({ rxPowerDbm }) => rounded(rxPowerDbm),
    }),
    txPowerDbm: t.float({ nullable: true, resolve: ({ txPowerDbm }) => rounded(txPowerDbm) }),
    lineRxPowerDbm: t.float({
      nullable: true,
      description: 'What the line card receives of it.',
      resolve: ({ lineRxPowerDbm }) => rounded(lineRxPowerDbm),
    }),
    distanceMeters: t.float({ nullable: true, resolve: ({ distanceMeters }) => rounded(distanceMeters) }),
    source: t.exposeString('source'),
    seenAt: t.expose('seenAt', { type: 'DateTime' }),
    goneSince: t.expose('goneSince', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when the device answers without it.',
    }),
  }),
});

const LevelPointRef = builder.objectRef<LevelPoint>('CustomerLevelPoint').implement({
  description: 'Means over a span, and the lowest. A span without a point was not measured.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'Where the span begins.' }),
    samples: t.exposeInt('samples'),
    signalDbm: t.float({ nullable: true, resolve: ({ signalDbm }) => rounded(signalDbm) }),
    signalMinDbm: t.float({ nullable: true, resolve: ({ signalMinDbm }) => rounded(signalMinDbm) }),
    snrDb: t.float({ nullable: true, resolve: ({ snrDb }) => rounded(snrDb) }),
    ccqPercent: t.float({ nullable: true, resolve: ({ ccqPercent }) => rounded(ccqPercent) }),
    downBitsPerSecond: t.expose('downBitsPerSecond', { type: 'BitsPerSecond', nullable: true }),
    upBitsPerSecond: t.expose('upBitsPerSecond', { type: 'BitsPerSecond', nullable: true }),
    rxPowerDbm: t.float({ nullable: true, resolve: ({ rxPowerDbm }) => rounded(rxPowerDbm) }),
    rxPowerMinDbm: t.float({ nullable: true, resolve: ({ rxPowerMinDbm }) => rounded(rxPowerMinDbm) }),
    txPowerDbm: t.float({ nullable: true, resolve: ({ txPowerDbm }) => rounded(txPowerDbm) }),
    lineRxPowerDbm: t.float({ nullable: true, resolve: ({ lineRxPowerDbm }) => rounded(lineRxPowerDbm) }),
  }),
});

builder.objectFields(ServiceRef, (t) => ({
  customerLinks: t.field({
    type: [CustomerLinkRef],
    description: 'His radio or ONU where it is registered, or was last; newest first.',
    authScopes: { scope: 'network:read' },
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.customerLinksOfService.load(id))],
  }),
  levels: t.field({
    type: [LevelPointRef],
    description: `How well his radio or ONU was received in a window, in at most \`points\` points (2 to ${mostPoints}); kept for 62 days.`,
    authScopes: { scope: 'network:read' },
    args: {
      from: t.arg({ type: 'DateTime', required: true }),
      to: t.arg({ type: 'DateTime', required: true }),
      points: t.arg.int({ defaultValue: 300 }),
    },
    resolve: ({ id }, { from, to, points }, { services }) => {
      const most = points ?? 300;
      if (+from >= +to) throw new ValidationError('to', 'The window must end after it begins');
      if (most < 2 || most > mostPoints)
        throw new ValidationError('points', `Between 2 and ${mostPoints} points; these are ${most}`);
      // Points lie on a grid of their own, so a window may touch one more than fit into it.
      const seconds = (+to - +from) / 1_000 / (most - 1);
      const bucketSeconds = finestSeconds * Math.max(1, Math.ceil(seconds / finestSeconds));
      return levelsOfService(services.database, id, { from, to, bucketSeconds });
    },
  }),
}));

builder.objectField(DeviceRef, 'customerLinks', (t) =>
  t.field({
    type: [CustomerLinkRef],
    description: 'The radios and ONUs that are registered here.',
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.customerLinksOfDevice.load(id))],
  }),
);
