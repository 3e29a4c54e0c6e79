/**
 * SNMP v1, v2c and v3: an own codec and an engine that polls many devices over one socket, the driver behind the
 * device port, and the probe. Read `engine/engine.ts` first, then `engine/session.ts`.
 */
export { decodeOid, encodeOid, type Oid, type OidBytes } from './codec/oid.ts';

export type { SnmpValue } from './codec/value.ts';
export type { Varbind } from './codec/varbinds.ts';
export type {
  AuthProtocol,
  CommunityCredential,
  PrivProtocol,
  SnmpCredential,
  UserCredential,
} from './credential.ts';
export { snmpDriver } from './driver/driver.ts';
export { ProfileShelf } from './driver/shelf.ts';
export { SnmpEngine, type SnmpEngineOptions } from './engine/engine.ts';
export type { EngineCounters } from './engine/exchange.ts';
export type { ExchangeOptions, SnmpSession } from './engine/session.ts';
export type { Row, TableOptions, TableResult } from './engine/table.ts';
export { SnmpError, type SnmpErrorCode } from './error.ts';
export { type Lesson, learnWalk } from './learn/learn.ts';
export { type ProbeOptions, probeTargets } from './probe/run.ts';
export { profilesOfFolder } from './profile/catalogue.ts';
export { devicesDocument } from './profile/devices.ts';
export { ProfileError } from './profile/problem.ts';
export { type SupportEntry, supportEntries } from './profile/support.ts';
export { LINK_DOWN, LINK_UP, type SnmpNotification } from './trap/notification.ts';
export {
  startTrapReceiver,
  type TrapCounters,
  type TrapReceiver,
  type TrapReceiverOptions,
} from './trap/receiver.ts';
export { recordTarget } from './walk/record.ts';
