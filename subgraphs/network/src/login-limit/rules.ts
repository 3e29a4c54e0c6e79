import { ValidationError } from '@dotmac/schema';
import { normaliseMac } from '../session/rules.ts';

/** What the logins of a service are held to beside the password. Empty lists and a limit of 0 hold to nothing. */
export interface LoginLimits {
  /** So many MAC addresses are learnt by their first login; no other is let in. 0 lets every line in. */
  readonly macLimit: number;
  readonly macs: readonly string[];
  readonly nasIds: readonly string[];
  /** NAS-Port-Id (RFC 2869 §5.17), as the NAS writes it. */
  readonly portIds: readonly string[];
  /** Agent-Circuit-Id (RFC 4679 §3.3.1). */
  readonly circuitIds: readonly string[];
  /** One login too many ends the oldest session instead of being refused. */
  readonly kickOldest: boolean;
}

export const noLimits: LoginLimits = {
  macLimit: 0,
  macs: [],
  nasIds: [],
  portIds: [],
  circuitIds: [],
  kickOldest: false,
};

export type LimitReason =
  | 'NAS_NOT_ALLOWED'
  | 'PORT_NOT_ALLOWED'
  | 'CIRCUIT_NOT_ALLOWED'
  | 'MAC_MISSING'
  | 'MAC_NOT_ALLOWED';

/** Where a login comes from. Undefined is not known and stands in nobody's way; null is known to be absent. */
export interface Line {
  readonly nasId: string;
  readonly mac: string | null | undefined;
  readonly portId: () => string | null | undefined;
  readonly circuitId: () => string | null | undefined;
}

/** The first limit that a line does not keep, or null. A MAC that may still be learnt keeps its limit. */
export function brokenLimit(limits: LoginLimits | null, line: Line): LimitReason | null {
  if (limits === null) return null;
  if (!isAllowed(limits.nasIds, line.nasId)) return 'NAS_NOT_ALLOWED';
  if (limits.portIds.length > 0 && !isAllowed(limits.portIds, line.portId())) return 'PORT_NOT_ALLOWED';
  if (limits.circuitIds.length > 0 && !isAllowed(limits.circuitIds, line.circuitId()))
    return 'CIRCUIT_NOT_ALLOWED';
  if (limits.macLimit === 0 || line.mac === undefined) return null;
  if (line.mac === null) return 'MAC_MISSING';
  return limits.macs.includes(line.mac) || limits.macs.length < limits.macLimit ? null : 'MAC_NOT_ALLOWED';
}

function isAllowed(allowed: readonly string[], value: string | null | undefined): boolean {
  return allowed.length === 0 || value === undefined || (value !== null && allowed.includes(value));
}

/** The MAC address that an accepted login teaches, or null. */
export function macToLearn(limits: LoginLimits | null, mac: string | null | undefined): string | null {
  if (limits === null || limits.macLimit === 0 || mac == null || limits.macs.includes(mac)) return null;
  return limits.macs.length < limits.macLimit ? mac : null;
}

/** For people: what a login is held to and what it came with. */
export function describeLimits(limits: LoginLimits | null, line: Line): string {
  if (limits === null) return 'Nothing is asked of the line';
  const told: string[] = [];
  const list = (name: string, allowed: readonly string[], value: string | null | undefined) => {
    if (allowed.length > 0) told.push(`${name} ${value ?? 'not told'}, allowed ${allowed.join(', ')}`);
  };
  list('NAS', limits.nasIds, line.nasId);
  if (limits.portIds.length > 0) list('port', limits.portIds, line.portId());
  if (limits.circuitIds.length > 0) list('circuit', limits.circuitIds, line.circuitId());
  if (limits.macLimit > 0) {
    const known = limits.macs.length === 0 ? 'none yet' : limits.macs.join(', ');
    told.push(`MAC ${line.mac ?? 'not told'}, learnt ${known} of ${limits.macLimit}`);
  }
  return told.length === 0 ? 'Nothing is asked of the line' : told.join('; ');
}

/** Limits as somebody asked for them, in canonical form. @throws ValidationError naming the field and what would be right. */
export function checkLimits(wanted: LoginLimits): LoginLimits {
  if (!Number.isInteger(wanted.macLimit) || wanted.macLimit < 0 || wanted.macLimit > 20)
    throw new ValidationError('input.macLimit', 'Between 0 (any) and 20 MAC addresses may be learnt');
  const macs = unique(
    wanted.macs.map((text) => {
      const mac = normaliseMac(text);
      if (mac === null)
        throw new ValidationError(
          'input.macs',
          `"${text}" is no MAC address; right would be cc:2d:e0:00:00:01 or CC-2D-E0-00-00-01`,
        );
      return mac;
    }),
  );
  if (macs.length > wanted.macLimit)
    throw new ValidationError(
      'input.macs',
      `${macs.length} MAC addresses are given and ${wanted.macLimit} allowed: raise macLimit`,
    );
  return {
    macLimit: wanted.macLimit,
    macs,
    nasIds: unique(wanted.nasIds),
    portIds: unique(texts('input.portIds', wanted.portIds)),
    circuitIds: unique(texts('input.circuitIds', wanted.circuitIds)),
    kickOldest: wanted.kickOldest,
  };
}

function texts(field: string, values: readonly string[]): string[] {
  return values.map((value) => {
    const text = value.trim();
    // An attribute of RADIUS holds 253 octets.
    if (text === '' || Buffer.byteLength(text) > 253 || text.includes('\0'))
      throw new ValidationError(field, 'Each has 1 to 253 octets, as the NAS sends it');
    return text;
  });
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
