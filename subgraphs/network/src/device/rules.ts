import { isIP } from 'node:net';
import { authFailures, deviceErrorCodes, type Reach } from '@dotmac/device';
import { type DeviceState, ValidationError } from '@dotmac/schema';

export const deviceStates = [
  'UNKNOWN',
  'ONLINE',
  'DEGRADED',
  'OFFLINE',
  'MAINTENANCE',
] as const satisfies readonly DeviceState[];

export const managementProtocols = ['SNMP', 'ROUTEROS'] as const;
export type ManagementProtocol = (typeof managementProtocols)[number];
const defaultPorts = { SNMP: 161, ROUTEROS: 8728 } as const;

/** Why a poll failed: of a refused credential what is wrong with it, where the device says so. */
export const managementFailureCodes = [...deviceErrorCodes, ...authFailures] as const;
export type ManagementFailureCode = (typeof managementFailureCodes)[number];

/** Polls without an answer until a device counts as offline: one may be a lost packet. */
export const missesUntilOffline = 3;

/** What one poll of a device found. */
export type PollOutcome =
  | { readonly kind: 'ANSWERED'; readonly source: string }
  /** It answered, but not everything or not as it should: the failure in words. */
  | { readonly kind: 'PARTIAL'; readonly source: string; readonly failure: string }
  /**
   * Nothing came back. `liveSessions`: subscribers whose accounting goes on through it. `reach`: whether its host answered
   * something else, null when that was not looked at.
   */
  | {
      readonly kind: 'SILENT';
      readonly source: string;
      readonly failure: string;
      readonly liveSessions: number;
      readonly reach: Reach | null;
    };

export interface StateJudgement {
  readonly state: DeviceState;
  readonly missedPolls: number;
  readonly evidence: string;
}

/**
 * The state that follows from a poll. A missed poll is a suspicion; `missesUntilOffline` in a row mean offline, unless a
 * subscriber is demonstrably online through the device: then the fault lies in the monitoring. Maintenance is an
 * operator's word and stays until he lifts it.
 */
export function judgePoll(
  before: { readonly state: DeviceState; readonly missedPolls: number },
  outcome: PollOutcome,
): StateJudgement {
  const judged = (state: DeviceState, missedPolls: number, evidence: string): StateJudgement => ({
    state: before.state === 'MAINTENANCE' ? 'MAINTENANCE' : state,
    missedPolls,
    evidence,
  });
  if (outcome.kind === 'ANSWERED') return judged('ONLINE', 0, `answers over ${outcome.source}`);
  if (outcome.kind === 'PARTIAL') return judged('DEGRADED', 0, outcome.failure);
  const missedPolls = before.missedPolls + 1;
  const { reach } = outcome;
  const also = reach === null ? '' : `; ${reachInWords(reach)}`;
  const words = `${missedPolls} polls in a row without an answer: ${outcome.failure}${also}`;
  if (missedPolls < missesUntilOffline) return judged(before.state, missedPolls, `suspected: ${words}`);
  if (outcome.liveSessions > 0) {
    return judged('DEGRADED', missedPolls, `${words}; but ${outcome.liveSessions} sessions go on through it`);
  }
  // Its agent is what is down, or our access to it.
  if (reach?.verdict === 'REACHABLE') return judged('DEGRADED', missedPolls, words);
  return judged('OFFLINE', missedPolls, words);
}

const reachNames: Readonly<Record<Reach['method'], string>> = {
  FPING: 'ping (fping)',
  PING: 'ping',
  TCP: 'a TCP connection',
  UDP: 'a UDP datagram',
};

/** Such as `its host answers ping (fping) in 1.2 ms`. */
export function reachInWords({
  method,
  verdict,
  rttMilliseconds,
  detail,
}: Pick<Reach, 'method' | 'verdict' | 'rttMilliseconds' | 'detail'>): string {
  if (verdict === 'SILENT') return `its host does not answer ${reachNames[method]} either: ${detail}`;
  const time = rttMilliseconds === null ? '' : ` in ${rttMilliseconds.toFixed(1)} ms`;
  return `its host answers ${reachNames[method]}${time}: ${detail}`;
}

export interface NewManagementAddress {
  readonly protocol: ManagementProtocol;
  readonly host: string;
  readonly port: number;
  /** As the protocol's driver takes it. */
  readonly credential: Readonly<Record<string, unknown>>;
}

/** A management address as somebody typed it. */
export interface ManagementAddressInput {
  readonly snmp?:
    | {
        readonly host: string;
        readonly port?: number | null | undefined;
        readonly community?: string | null | undefined;
        readonly user?: {
          readonly name: string;
          readonly authProtocol?: string | null | undefined;
          readonly authPassword?: string | null | undefined;
          readonly privProtocol?: string | null | undefined;
          readonly privPassword?: string | null | undefined;
        } | null;
      }
    | null
    | undefined;
  readonly routeros?:
    | {
        readonly host: string;
        readonly port?: number | null | undefined;
        readonly username: string;
        readonly password: string;
        readonly certificateFingerprint?: string | null | undefined;
      }
    | null
    | undefined;
}

/**
 * The management addresses with the credentials their drivers take.
 * @throws ValidationError naming the field.
 */
export function managementAddressesOf({ snmp, routeros }: ManagementAddressInput): NewManagementAddress[] {
  const addresses: NewManagementAddress[] = [];
  if (snmp != null) {
    const { community, user } = snmp;
    if ((community == null) === (user == null)) {
      throw new ValidationError('input.snmp', 'SNMP needs either a community (v2c) or a user (v3)');
    }
    addresses.push({
      protocol: 'SNMP',
      ...endpoint('input.snmp', snmp, defaultPorts.SNMP),
      credential: user == null ? { version: '2c', community } : userCredential(user),
    });
  }
  if (routeros != null) {
    const { username, password, certificateFingerprint } = routeros;
    addresses.push({
      protocol: 'ROUTEROS',
      ...endpoint('input.routeros', routeros, defaultPorts.ROUTEROS),
      credential: {
        username,
        password,
        transport:
          certificateFingerprint == null
            ? { kind: 'plain' }
            : { kind: 'pinned', fingerprint256: certificateFingerprint },
      },
    });
  }
  return addresses;
}

type SnmpUser = NonNullable<NonNullable<ManagementAddressInput['snmp']>['user']>;

function userCredential(user: SnmpUser): Record<string, unknown> {
  const { name, authPassword, privPassword } = user;
  const level = privPassword != null ? 'authPriv' : authPassword != null ? 'authNoPriv' : 'noAuthNoPriv';
  if (level === 'authPriv' && authPassword == null)
    throw new ValidationError('input.snmp.user.authPassword', 'Privacy needs authentication too');
  return {
    version: '3',
    user: name,
    level,
    ...(authPassword == null ? {} : { authProtocol: user.authProtocol ?? 'sha256', authPassword }),
    ...(privPassword == null ? {} : { privProtocol: user.privProtocol ?? 'aes128', privPassword }),
  };
}

/** Of labels with no way to read one text as two; longer than DNS allows is none. */
const hostName = /^(?=.{1,253}$)[a-zA-Z0-9][a-zA-Z0-9-]{0,62}(?:\.[a-zA-Z0-9-]{1,63})*\.?$/;

function endpoint(
  field: string,
  { host, port }: { readonly host: string; readonly port?: number | null | undefined },
  defaultPort: number,
): { host: string; port: number } {
  const tidy = host.trim();
  if (isIP(tidy) === 0 && !hostName.test(tidy))
    throw new ValidationError(`${field}.host`, `"${host}" is neither an address nor a host name`);
  const chosen = port ?? defaultPort;
  if (chosen < 1 || chosen > 65_535)
    throw new ValidationError(`${field}.port`, 'A port lies between 1 and 65535');
  return { host: tidy, port: chosen };
}

/** A name for something in the inventory. @throws ValidationError */
export function checkName(name: string): string {
  const tidy = name.trim();
  if (tidy === '' || tidy.length > 200)
    throw new ValidationError('input.name', 'A name has 1 to 200 characters');
  return tidy;
}
