/** What a device can be asked to do. Policy chooses by capability, never by vendor. */
export const capabilityIds = [
  'inventory.read',
  'health.read',
  'interfaces.read',
  'interfaces.stream',
  'sensors.read',
  'lineSensors.read',
  'neighbors.read',
  'sessions.read',
  'sessions.disconnect',
  'subscriber.pppoe',
  'subscriber.dhcpBinding',
  'subscriber.hotspot',
  'shaping.queue',
  'shaping.coa',
  'accessList',
  'walledGarden',
  'wireless.clients',
  'pon.onu',
  'routing.peers',
  'logs.stream',
  'diag.ping',
  'diag.traceroute',
  'diag.torch',
  'config.backup',
  'config.diff',
  'firmware.upgrade',
  'events.trap',
] as const;
export type CapabilityId = (typeof capabilityIds)[number];

export interface Capability {
  readonly id: CapabilityId;
  readonly level: 'full' | 'partial' | 'emulated';
  readonly modes: readonly ('read' | 'plan' | 'apply' | 'stream')[];
  /** `probed`: the device itself showed it. `declared`: its profile or protocol says so. */
  readonly evidence: 'probed' | 'declared';
  /** Why it is only partial or emulated, in words for the operator. */
  readonly reason?: string;
}
