import type { ShapingPayload } from './billing.ts';

/** Appended by the subgraph `network`. */
export interface NetworkEvents {
  /** Credentials, address and access device are confirmed; subscribers activates the service. */
  'access.ready': { serviceId: string; username: string; address: string | null; deviceId: string | null };
  'session.started': SessionPayload;
  'session.updated': SessionPayload;
  'session.stopped': SessionPayload & { cause: string };
  'login.rejected': {
    username: string;
    serviceId: string | null;
    reason: string;
    nasAddress: string;
    mac: string | null;
  };
  'device.state.changed': {
    deviceId: string;
    name: string;
    from: DeviceState;
    to: DeviceState;
    evidence: string;
  };
  'interface.state.changed': {
    deviceId: string;
    interfaceId: string;
    name: string;
    from: string;
    to: string;
  };
  /** A change of a subscriber's access on its way: requested, applied, verified, unverified, diverged or failed. */
  'access.change.progressed': {
    changeId: string;
    serviceId: string;
    mode: 'OPEN' | 'WALLED_GARDEN' | 'BLOCKED';
    shaping: ShapingPayload | null;
    state: AccessChangeState;
    evidence: string;
  };
}

export type DeviceState = 'UNKNOWN' | 'ONLINE' | 'DEGRADED' | 'OFFLINE' | 'MAINTENANCE';
export type AccessChangeState = 'REQUESTED' | 'APPLIED' | 'VERIFIED' | 'UNVERIFIED' | 'DIVERGED' | 'FAILED';

export interface SessionPayload {
  sessionId: string;
  serviceId: string | null;
  username: string;
  address: string | null;
  mac: string | null;
  deviceId: string | null;
  /** Octets so far as decimal strings, in the subscriber's direction. */
  downstreamOctets: string;
  upstreamOctets: string;
}
