import { reachMethods } from '@dotmac/device';
import { builder } from '../builder.ts';
import { DeviceRef } from '../types.ts';
import type { Device } from './store.ts';

const ReachMethodEnum = builder.enumType('ReachMethod', {
  description:
    'How it was found out whether a host is there. FPING, PING: ICMP echo. TCP: a connection it accepted or refused. UDP: its word that a port is closed.',
  values: reachMethods,
});
const ReachVerdictEnum = builder.enumType('ReachVerdict', {
  description: 'SILENT proves little: firewalls drop what nobody asked for.',
  values: ['REACHABLE', 'SILENT'] as const,
});

const ReachabilityRef = builder.objectRef<Device>('Reachability').implement({
  description: "Whether a device's host answers, apart from its management protocol.",
  fields: (t) => ({
    method: t.field({
      type: ReachMethodEnum,
      resolve: ({ reachMethod }) => reachMethod as (typeof reachMethods)[number],
    }),
    verdict: t.field({
      type: ReachVerdictEnum,
      resolve: ({ reachVerdict }) => reachVerdict as 'REACHABLE' | 'SILENT',
    }),
    rttMilliseconds: t.exposeFloat('reachRttMilliseconds', { nullable: true }),
    detail: t.string({ resolve: ({ reachDetail }) => reachDetail ?? '' }),
    observedAt: t.field({ type: 'DateTime', resolve: ({ reachAt }) => reachAt as Date }),
  }),
});

builder.objectField(DeviceRef, 'reachability', (t) =>
  t.field({
    type: ReachabilityRef,
    nullable: true,
    description: 'The newest look at its host, taken when it does not answer; null when there was none.',
    resolve: (device) => (device.reachAt === null ? null : device),
  }),
);
