import { builder } from '../builder.ts';
import type { Device } from '../device/store.ts';
import { DeviceRef, InterfaceRateRef, InterfaceRef } from '../types.ts';
import { type NetworkInterface, percentile95Of, type TrafficPoint, trafficOf } from './store.ts';
import { type TrafficPlan, trafficPlan, type WindowWanted, windowWanted } from './traffic.ts';

const big = (text: string | null) => (text === null ? null : BigInt(text));

InterfaceRef.implement({
  description: "A port of a device. In and out are the port's own view.",
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    device: t.field({
      type: DeviceRef,
      resolve: async ({ deviceId }, _args, { loaders }) => (await loaders.device.load(deviceId)) as Device,
    }),
    name: t.exposeString('name'),
    alias: t.exposeString('alias', { nullable: true }),
    mac: t.expose('mac', { type: 'MAC', nullable: true }),
    mtu: t.exposeInt('mtu', { nullable: true }),
    speedBitsPerSecond: t.field({
      type: 'BitsPerSecond',
      nullable: true,
      resolve: ({ speedBitsPerSecond }) => big(speedBitsPerSecond),
    }),
    adminStatus: t.exposeString('adminStatus', { nullable: true }),
    operStatus: t.exposeString('operStatus', { nullable: true }),
    operStatusSince: t.expose('operStatusSince', { type: 'DateTime', nullable: true }),
    inOctets: t.field({ type: 'BigInt', nullable: true, resolve: ({ inOctets }) => big(inOctets) }),
    outOctets: t.field({ type: 'BigInt', nullable: true, resolve: ({ outOctets }) => big(outOctets) }),
    inBitsPerSecond: t.field({
      type: 'BitsPerSecond',
      nullable: true,
      description: 'Between the last two readings; null when the counters began anew.',
      resolve: ({ inBitsPerSecond }) => big(inBitsPerSecond),
    }),
    outBitsPerSecond: t.field({
      type: 'BitsPerSecond',
      nullable: true,
      resolve: ({ outBitsPerSecond }) => big(outBitsPerSecond),
    }),
    seenAt: t.expose('seenAt', { type: 'DateTime' }),
    rates: t.field({
      type: [InterfaceRateRef],
      description: 'The last rates, newest first.',
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.ratesOfInterface.load(id))],
    }),
  }),
});

const mostPoints = 2_000;

const TrafficPointRef = builder.objectRef<TrafficPoint>('InterfaceTrafficPoint').implement({
  description:
    'Rates over a span, the mean and the highest that was measured. A span without a point was not measured.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'Where the span begins.' }),
    inBitsPerSecond: t.field({ type: 'BitsPerSecond', resolve: ({ inMean }) => inMean }),
    inMaxBitsPerSecond: t.field({ type: 'BitsPerSecond', resolve: ({ inMax }) => inMax }),
    outBitsPerSecond: t.field({ type: 'BitsPerSecond', resolve: ({ outMean }) => outMean }),
    outMaxBitsPerSecond: t.field({ type: 'BitsPerSecond', resolve: ({ outMax }) => outMax }),
  }),
});

const PercentileRef = builder
  .objectRef<{ in: bigint; out: bigint; samples: number }>('InterfacePercentile')
  .implement({
    description: 'The 95th percentile of the means over five minutes, each direction by itself.',
    fields: (t) => ({
      inBitsPerSecond: t.field({ type: 'BitsPerSecond', resolve: (one) => one.in }),
      outBitsPerSecond: t.field({ type: 'BitsPerSecond', resolve: ({ out }) => out }),
      samples: t.exposeInt('samples', { description: 'Spans of five minutes that were measured.' }),
    }),
  });

const TrafficRef = builder
  .objectRef<{ interfaceId: string; window: WindowWanted; plan: TrafficPlan }>('InterfaceTraffic')
  .implement({
    fields: (t) => ({
      resolutionSeconds: t.int({ resolve: ({ plan }) => plan.bucketSeconds }),
      points: t.field({
        type: [TrafficPointRef],
        resolve: ({ interfaceId, window, plan }, _args, { services }) =>
          trafficOf(services.database, interfaceId, window, plan),
      }),
      percentile95: t.field({
        type: PercentileRef,
        nullable: true,
        description: 'Null when nothing was measured; means over five minutes are kept for 62 days.',
        resolve: ({ interfaceId, window }, _args, { services }) =>
          percentile95Of(services.database, interfaceId, window),
      }),
    }),
  });

builder.objectField(InterfaceRef, 'traffic', (t) =>
  t.field({
    type: TrafficRef,
    description: `What passed the port in a window, in at most \`points\` points (2 to ${mostPoints}).`,
    args: {
      from: t.arg({ type: 'DateTime', required: true }),
      to: t.arg({ type: 'DateTime', required: true }),
      points: t.arg.int({ defaultValue: 300 }),
    },
    resolve: ({ id }, args, { services }) => {
      const window = windowWanted(args, mostPoints);
      return { interfaceId: id, window, plan: trafficPlan(window, services.clock.now()) };
    },
  }),
);

InterfaceRateRef.implement({
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime' }),
    inBitsPerSecond: t.field({
      type: 'BitsPerSecond',
      resolve: ({ inBitsPerSecond }) => BigInt(inBitsPerSecond),
    }),
    outBitsPerSecond: t.field({
      type: 'BitsPerSecond',
      resolve: ({ outBitsPerSecond }) => BigInt(outBitsPerSecond),
    }),
  }),
});

builder.asEntity(InterfaceRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.interface.load(id)) as NetworkInterface,
});
