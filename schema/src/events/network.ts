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
    /** Refusals of this kind for this user since the event before, this one included. */
    count: number;
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
  /** A part of a device is better or worse than before; `text` is the name of its state now. */
  'sensor.state.changed': {
    deviceId: string;
    sensorId: string;
    name: string;
    from: SensorSeverity;
    to: SensorSeverity;
    text: string | null;
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
  /** What a login depends on has changed: credentials, address or number of sessions. */
  'access.updated': { serviceId: string };
  /** The tenant said whether a refusal leads into the walled garden, and with what. */
  'garden.rule.updated': { reason: string; admitted: boolean };
  /** The first login with a voucher: its time runs from here. `until` is an instant, ISO 8601. */
  'voucher.used': { voucherId: string; mac: string | null; until: string };
  /** Who answers for a realm has changed. */
  'realm.updated': { realmId: string; name: string; enabled: boolean };
  /** A dictionary of the tenant's own is used from now on, or another text of it. */
  'radius.dictionary.added': { name: string; vendors: readonly string[]; attributes: number };
  'radius.dictionary.removed': { name: string };
  /** Other EAP methods are offered, or with another certificate. */
  'eap.updated': { methods: readonly string[] };
  /** RADIUS over TLS is taken with another certificate or from others, or not any more. */
  'radsec.updated': { enabled: boolean };
  /** A login taught a MAC address; the service's MAC lock lets it in from now on. */
  'access.mac.learnt': { serviceId: string; mac: string };
  /** Something of ours wanted a session ended; `outcome` is what the NAS answered. */
  'session.disconnect.attempted': {
    sessionId: string;
    serviceId: string | null;
    because: string;
    outcome: string;
    evidence: string;
  };
  /** Somebody read a subscriber's password. */
  'access.password.revealed': { serviceId: string; reason: string };
  'device.updated': { deviceId: string; name: string };
  /** Somebody said at which device a service is connected; null: where its subscriber logs in. */
  'service.attached': { serviceId: string; deviceId: string | null };
  'incident.opened': IncidentPayload;
  /** Its state, root, kind, number of services or who cares for it has changed; `because` says what. */
  'incident.updated': IncidentPayload & { because: string };
  'incident.resolved': IncidentPayload & { because: string };
  'alarm.raised': AlarmPayload;
  'alarm.updated': AlarmPayload & { because: string };
  'alarm.cleared': AlarmPayload;
  'nas.updated': { nasId: string; name: string };
  /** Its secret has changed; the one before is accepted until an instant (ISO 8601), null: until somebody ends it. */
  'nas.secret.rotated': { nasId: string; name: string; previousUntil: string | null };
  /** The secret before is not accepted any more. `lastHeardAt`: when the NAS last used it since, null: not at all. */
  'nas.secret.rotation.ended': { nasId: string; name: string; lastHeardAt: string | null };
  'address.pool.updated': { poolId: string; name: string };
  /** Somebody asked who had an address; `found` is how many sessions the answer names. */
  'address.holders.asked': {
    address: string;
    port: number | null;
    at: string;
    reason: string;
    found: number;
  };
  'usage.recorded': UsagePayload;
  /** A confirmed outage is over: one for each service that it cut off while it was in use. */
  'service.downtime.recorded': {
    incidentId: string;
    serviceId: string;
    /** Instants, ISO 8601, half-open. */
    from: string;
    to: string;
    summary: string;
  };
}

/**
 * What a service used on a local day of the tenant, as far as accounting has told. Told again as it grows: the newest
 * word of a service and day holds. Octets as decimal strings, in the subscriber's direction.
 */
export interface UsagePayload {
  serviceId: string;
  /** ISO date. */
  day: string;
  downstreamOctets: string;
  upstreamOctets: string;
  /** The day is over and every session of it has told its last; until then nobody is throttled or charged for it. */
  complete: boolean;
  /** The same by local hour, 0 to 23, where it is known; hours without use are left out. */
  hours?: { hour: number; downstreamOctets: string; upstreamOctets: string }[];
}

export interface IncidentPayload {
  incidentId: string;
  /** `MONITORING_FAULT`: a device does not answer, yet something that has no other way is heard of. */
  kind: 'OUTAGE' | 'MONITORING_FAULT';
  state: 'SUSPECTED' | 'CONFIRMED' | 'CLEARING' | 'RESOLVED';
  rootDeviceId: string;
  summary: string;
  affectedServices: number;
}

export interface AlarmPayload {
  alarmId: string;
  deviceId: string;
  interfaceId: string | null;
  /** Of an alarm about what a device measures. */
  sensorId?: string | null;
  rule: string;
  severity: 'CRITICAL' | 'MAJOR' | 'MINOR' | 'WARNING';
  evidence: string;
}

export type SensorSeverity = 'OK' | 'WARNING' | 'CRITICAL' | 'UNKNOWN';
export type DeviceState = 'UNKNOWN' | 'ONLINE' | 'DEGRADED' | 'OFFLINE' | 'MAINTENANCE';
/** `SUPERSEDED`: a newer change of the same service took its place. */
export type AccessChangeState =
  | 'REQUESTED'
  | 'APPLIED'
  | 'VERIFIED'
  | 'UNVERIFIED'
  | 'DIVERGED'
  | 'FAILED'
  | 'SUPERSEDED';

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
