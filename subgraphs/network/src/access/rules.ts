import type { AccessMode as DeviceMode } from '@dotmac/device';
import {
  type LockReason,
  type RateLimitPayload,
  type ShapingPayload,
  type SlowedPayload,
  slowerShaping,
} from '@dotmac/schema';
import { deciding, defaultGarden, type Garden, holdsOf, isAdmitted } from '../garden/rules.ts';
import type { TermReason } from '../login-term/rules.ts';

export const accessModes = ['OPEN', 'WALLED_GARDEN', 'BLOCKED'] as const;
/** How a subscriber may use the network. */
export type AccessMode = (typeof accessModes)[number];

/** What follows from the locks of a service, a data cap that leaves only the portal, and terms that have ended. */
export function desiredMode(
  locks: readonly LockReason[],
  {
    closed = false,
    capBlocked = false,
    ended = null,
    garden = defaultGarden,
  }: {
    readonly closed?: boolean;
    readonly capBlocked?: boolean;
    readonly ended?: TermReason | null;
    readonly garden?: Garden;
  } = {},
): AccessMode {
  if (closed) return 'BLOCKED';
  const reason = deciding(holdsOf(locks, capBlocked, ended), garden);
  if (reason === null) return 'OPEN';
  return isAdmitted(reason, garden) ? 'WALLED_GARDEN' : 'BLOCKED';
}

/**
 * The speeds that hold: what somebody set by hand, else what a used-up data cap leaves, else the plan's; and never more than
 * a lock leaves, which only its own lifter takes away.
 */
export function speedOf(speeds: {
  readonly planShaping: ShapingPayload | null;
  readonly throttle: ShapingPayload | null;
  readonly override: ShapingPayload | null;
  readonly slowed: SlowedPayload | null;
}): ShapingPayload | null {
  // Without a plan's speed the service is not ready, whatever else is said.
  if (speeds.planShaping === null) return null;
  const full = speeds.override ?? speeds.throttle ?? speeds.planShaping;
  return speeds.slowed === null ? full : slowerShaping(full, speeds.slowed.to);
}

/** For people: what slows a service down beside its plan, or null. */
export function describeSlowed(slowed: SlowedPayload | null): string | null {
  if (slowed === null) return null;
  const { reason, to, because } = slowed;
  const by = reason === 'BILLING' ? 'dunning' : `a lock for ${reason}`;
  return `slowed by ${by} to ${describeShaping(to)}: ${because}`;
}

const deviceModes = { OPEN: 'open', WALLED_GARDEN: 'walledGarden', BLOCKED: 'blocked' } as const;

/** The mode as drivers know it. */
export function deviceModeOf(mode: AccessMode): DeviceMode {
  return deviceModes[mode];
}

export function sameShaping(a: ShapingPayload | null, b: ShapingPayload | null): boolean {
  return describeShaping(a) === describeShaping(b);
}

/** For people: `50000000 down / 10000000 up bit/s`. */
export function describeShaping(shaping: ShapingPayload | null): string {
  if (shaping === null) return 'no speed known';
  const rate = ({ bitsPerSecond, burst }: RateLimitPayload) =>
    burst === undefined
      ? bitsPerSecond
      : `${bitsPerSecond} (${burst.bitsPerSecond} below ${burst.thresholdBitsPerSecond} over ${burst.seconds} s)`;
  return `${rate(shaping.downstream)} down / ${rate(shaping.upstream)} up bit/s`;
}

/**
 * Login names to try in order for a service: the one asked for, then ones that carry the end of the service's id, which
 * nobody else has.
 */
export function usernameCandidates(wanted: string | null, serviceId: string): string[] {
  const tail = serviceId.slice(-8).toLowerCase();
  return wanted === null
    ? [`u-${tail}`, `u-${serviceId.slice(-16).toLowerCase()}`]
    : [wanted, `${wanted}-${tail}`];
}

/** 16 characters without the ones people confuse: 93 bits from the octets given. */
export function passwordFrom(random: Uint8Array): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  let text = '';
  for (const octet of random) {
    // Octets beyond the last whole multiple would make some characters likelier.
    if (octet < 256 - (256 % alphabet.length)) text += alphabet.charAt(octet % alphabet.length);
    if (text.length === 16) return text;
  }
  throw new RangeError(`A password needs more than ${random.length} random octets`);
}

/** Our mark on everything that a device holds for a service. */
export function markerOf(serviceId: string): string {
  return `dotmac:${serviceId}`;
}
