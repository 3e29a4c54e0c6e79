import type { BerReader } from '../codec/ber.ts';
import { decodeOid, type Oid } from '../codec/oid.ts';
import type { ReceivedPdu } from '../codec/pdu.ts';
import { readValue, type SnmpValue } from '../codec/value.ts';
import { type Varbind, VarbindList } from '../codec/varbinds.ts';

/** What an agent tells of its own accord, in the form of v2 whatever it was sent as. A hint, never a proof. */
export interface SnmpNotification {
  readonly version: '1' | '2c' | '3';
  readonly kind: 'trap' | 'inform';
  /** Where the datagram came from. */
  readonly source: { readonly address: string; readonly port: number };
  /** snmpTrapAddress, which a relay puts in (RFC 3584 §3.1): whoever trusts the relay may believe it; else null. */
  readonly agentAddress: string | null;
  /** Community (v1, v2c) or user name (v3). */
  readonly sender: string;
  /** snmpTrapOID. */
  readonly trapOid: Oid;
  /** sysUpTime of the agent in hundredths of a second; null when it gave none. */
  readonly uptime: number | null;
  /** Without sysUpTime and snmpTrapOID. */
  readonly varbinds: readonly { readonly oid: Oid; readonly value: SnmpValue }[];
}

export type NotificationContent = Pick<SnmpNotification, 'agentAddress' | 'trapOid' | 'uptime' | 'varbinds'>;

const SNMP_TRAPS = '1.3.6.1.6.3.1.1.5';
const SYS_UP_TIME = '1.3.6.1.2.1.1.3.0';
const SNMP_TRAP_OID = '1.3.6.1.6.3.1.1.4.1.0';
const SNMP_TRAP_ADDRESS = '1.3.6.1.6.3.18.1.3.0';
const ENTERPRISE_SPECIFIC = 6;
/** linkDown and linkUp (RFC 2863): the standard's name of a port that changed. */
export const LINK_DOWN: Oid = `${SNMP_TRAPS}.3`;
export const LINK_UP: Oid = `${SNMP_TRAPS}.4`;

/** A v1 Trap-PDU (RFC 1157 §4.1.6) as v2 has it (RFC 3584 §3.1). Throws `BerError` for a bad structure. */
export function readTrapV1(reader: BerReader): NotificationContent | string {
  const body = reader.enter(0xa4);
  const enterprise = decodeOid(body.octets(0x06));
  const agent = readValue(body);
  const generic = body.integer();
  const specific = body.integer();
  const uptime = readValue(body);
  const varbinds = named(new VarbindList(body).toArray());
  if (enterprise === null) return 'its enterprise is no object identifier';
  if (generic < 0 || generic > ENTERPRISE_SPECIFIC) return `generic-trap ${generic}, expected 0 to 6`;
  return {
    trapOid:
      generic === ENTERPRISE_SPECIFIC ? `${enterprise}.0.${specific >>> 0}` : `${SNMP_TRAPS}.${generic + 1}`,
    agentAddress: agent.type === 'ipAddress' && agent.value !== '0.0.0.0' ? agent.value : null,
    uptime: uptime.type === 'timeTicks' ? uptime.value : null,
    varbinds,
  };
}

/** The content of an SNMPv2-Trap-PDU or InformRequest-PDU (RFC 3416 §4.2.6); a reason when it names no trap. */
export function readTrapV2(pdu: ReceivedPdu): NotificationContent | string {
  const all = named(pdu.varbinds);
  const found = (wanted: Oid) => all.find(({ oid }) => oid === wanted)?.value;
  const trap = found(SNMP_TRAP_OID);
  if (trap?.type !== 'oid') return 'it has no snmpTrapOID.0';
  const uptime = found(SYS_UP_TIME);
  const address = found(SNMP_TRAP_ADDRESS);
  return {
    trapOid: trap.value,
    uptime: uptime?.type === 'timeTicks' ? uptime.value : null,
    agentAddress: address?.type === 'ipAddress' ? address.value : null,
    varbinds: all.filter(({ oid }) => oid !== SNMP_TRAP_OID && oid !== SYS_UP_TIME),
  };
}

/** Bindings whose name is none are left out: nobody could ask for them. */
function named(varbinds: readonly Varbind[]) {
  return varbinds.flatMap(({ oid, value }) => {
    const text = decodeOid(oid);
    return text === null ? [] : [{ oid: text, value }];
  });
}
