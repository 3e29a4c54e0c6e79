import type { Capability, CapabilityId } from '@dotmac/device';
import type { ManagementAddress, Protocol } from '../device/store.ts';

/** What a poll may read of a device over one protocol. */
export type ReadingKind = 'identity' | 'health' | 'interfaces';

export interface PlannedReading {
  readonly kind: ReadingKind;
  readonly protocol: Protocol;
  readonly everyMilliseconds: number;
  /** Also when the device is asked between two intervals, because something may have happened to it. */
  readonly always: boolean;
}

const hour = 3_600_000;

/** How often each kind is read: with every poll, or so seldom that it costs the device nothing. */
const cares: readonly {
  readonly kind: ReadingKind;
  readonly capability: CapabilityId;
  /** Null: with every poll. */
  readonly everyMilliseconds: number | null;
}[] = [
  { kind: 'identity', capability: 'inventory.read', everyMilliseconds: hour },
  { kind: 'health', capability: 'health.read', everyMilliseconds: null },
  { kind: 'interfaces', capability: 'interfaces.read', everyMilliseconds: null },
];

/**
 * What is read of a device, derived from what it showed it has. Ports are read over one protocol only, since each names
 * them in its own way.
 */
export function pollingPlan(
  addresses: readonly Pick<ManagementAddress, 'protocol' | 'capabilities'>[],
  intervalMilliseconds: number,
): PlannedReading[] {
  const portsOver = interfaceProtocol(addresses);
  return addresses.flatMap(({ protocol, capabilities }) =>
    cares
      .filter(({ kind }) => kind !== 'interfaces' || protocol === portsOver)
      .filter(({ capability }) => has(capabilities, capability))
      .map(({ kind, everyMilliseconds }) => ({
        kind,
        protocol,
        everyMilliseconds: Math.max(intervalMilliseconds, everyMilliseconds ?? 0),
        always: everyMilliseconds === null,
      })),
  );
}

/** The kinds due over one protocol. `readAt`: when each was last read, milliseconds. */
export function dueReadings(
  plan: readonly PlannedReading[],
  protocol: Protocol,
  readAt: ReadonlyMap<ReadingKind, number>,
  now: number,
): ReadonlySet<ReadingKind> {
  const due = plan.filter(({ kind, always, everyMilliseconds, ...planned }) => {
    if (planned.protocol !== protocol) return false;
    const last = readAt.get(kind);
    // Polls begin a little early or late; a reading is not put off by a whole interval for that.
    return always || last === undefined || now - last >= 0.9 * everyMilliseconds;
  });
  return new Set(due.map(({ kind }) => kind));
}

/** The protocol over which a device's ports are read. */
export function interfaceProtocol(
  addresses: readonly Pick<ManagementAddress, 'protocol'>[],
): Protocol | null {
  return (
    (['snmp', 'routeros'] as const).find((protocol) => addresses.some((one) => one.protocol === protocol)) ??
    null
  );
}

function has(capabilities: readonly Capability[], id: CapabilityId): boolean {
  return capabilities.some((one) => one.id === id);
}
