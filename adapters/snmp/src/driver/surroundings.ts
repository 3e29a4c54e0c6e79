import {
  type CustomerLink,
  DeviceError,
  type ForwardingEntry,
  type LocalSystem,
  type Neighbor,
  type Observed,
  type OperationContext,
  type ResolvedAddress,
} from '@dotmac/device';
import type { SnmpSession } from '../engine/session.ts';
import { readResolvedAddresses } from '../mib/address-resolution.ts';
import { readForwarding } from '../mib/bridge.ts';
import { readCustomerLinks } from '../mib/customer-links.ts';
import { readLocalSystem, readNeighbors } from '../mib/lldp.ts';

/** Whom a device hears and serves. What was broken off is an error: half a list reads as if the rest had gone. */
export const surroundings = {
  async localSystem(session: SnmpSession, context: OperationContext): Promise<Observed<LocalSystem>[]> {
    const system = await readLocalSystem(session, context);
    return system === null ? [] : observed([system], 'snmp:LLDP-MIB::lldpLocalSystemData', context);
  },
  async neighbor(session: SnmpSession, context: OperationContext): Promise<Observed<Neighbor>[]> {
    const { neighbors, complete } = await readNeighbors(session, context);
    return whole(neighbors, complete, 'snmp:LLDP-MIB::lldpRemTable', context);
  },
  async forwardingEntry(
    session: SnmpSession,
    context: OperationContext,
  ): Promise<Observed<ForwardingEntry>[]> {
    const { entries, complete } = await readForwarding(session, context);
    return whole(entries, complete, 'snmp:BRIDGE-MIB::dot1dTpFdbTable', context);
  },
  async resolvedAddress(
    session: SnmpSession,
    context: OperationContext,
  ): Promise<Observed<ResolvedAddress>[]> {
    const { entries, complete } = await readResolvedAddresses(session, context);
    return whole(entries, complete, 'snmp:IP-MIB::ipNetToPhysicalTable', context);
  },
  async customerLink(session: SnmpSession, context: OperationContext): Promise<Observed<CustomerLink>[]> {
    const { links, complete, serves } = await readCustomerLinks(session, context);
    if (!serves) throw new DeviceError('CAPABILITY_UNSUPPORTED', 'The device has no table of customers');
    return whole(links, complete, 'snmp:registrations', context);
  },
};

function whole<T>(values: readonly T[], complete: boolean, source: string, context: OperationContext) {
  if (!complete) throw new DeviceError('PARTIAL_FAILURE', `The device broke off in the middle of ${source}`);
  return observed(values, source, context);
}

function observed<T>(values: readonly T[], source: string, context: OperationContext): Observed<T>[] {
  const observedAt = context.clock.now();
  return values.map((value) => ({ value, source, observedAt, quality: 'good' }));
}
