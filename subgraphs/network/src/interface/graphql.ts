import { builder } from '../builder.ts';
import type { Device } from '../device/store.ts';
import { DeviceRef, InterfaceRateRef, InterfaceRef } from '../types.ts';
import type { NetworkInterface } from './store.ts';

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
