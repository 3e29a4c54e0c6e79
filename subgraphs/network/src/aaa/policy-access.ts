import { accessModes, desiredMode } from '../access/rules.ts';
import { type Credential, passwordPurpose } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import type { Garden } from '../garden/rules.ts';
import { openSecret } from './open-secret.ts';
import type { Shared } from './shared.ts';

/** What a login needs of a service, its password open. */
export interface PolicyAccess extends Omit<Credential, 'password' | 'deviceId' | NotNeeded> {
  readonly password: string;
  deviceId: string | null;
  /** What it has for good, encoded; undefined until it is needed. */
  own: Uint8Array | null | undefined;
}

/** Of a hundred thousand subscribers every field counts. */
type NotNeeded =
  | 'customerId'
  | 'planId'
  | 'planShaping'
  | 'overrideUntil'
  | 'createdAt'
  | 'readyAt'
  | 'closedAt';

/** What the memory keeps of a row; null for one that is closed, or whose password does not open. */
export function policyAccess(
  row: Credential,
  services: NetworkServices,
  shared: Shared,
  garden: Garden,
): PolicyAccess | null {
  if (row.closedAt !== null) return null;
  const password = openSecret(services, row.password, passwordPurpose(row.serviceId));
  if (password === null) return null;
  const { deviceId } = row;
  return {
    serviceId: row.serviceId,
    username: row.username,
    password,
    mode: modeOf(row, garden),
    locks: shared.object(row.locks),
    shaping: shared.object(row.shaping),
    throttle: shared.object(row.throttle),
    slowed: shared.object(row.slowed),
    override: shared.object(row.override),
    capBlocked: row.capBlocked,
    address: row.address,
    poolId: row.poolId === null ? null : shared.text(row.poolId),
    staticIpv6Prefix: row.staticIpv6Prefix,
    staticDelegatedPrefix: row.staticDelegatedPrefix,
    simultaneousSessions: row.simultaneousSessions,
    limits: row.limits,
    terms: shared.object(row.terms),
    termsEnded: row.termsEnded,
    deviceId: deviceId === null ? null : shared.text(deviceId),
    own: undefined,
  };
}

/**
 * One text per mode, not one per row: the packet path compares them by identity then. Terms are judged at the login, so that a
 * row that is a moment behind decides nothing.
 */
function modeOf({ mode, termsEnded, locks, capBlocked }: Credential, garden: Garden): Credential['mode'] {
  const wanted = termsEnded === null ? mode : desiredMode(locks, { capBlocked, garden });
  return accessModes.find((one) => one === wanted) ?? mode;
}
