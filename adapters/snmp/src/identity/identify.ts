import type { DeviceIdentity } from '@dotmac/device';
import type { SnmpSession } from '../engine/session.ts';
import { readSystem } from '../mib/system.ts';
import { vendorOfObjectId } from './enterprises.ts';

/** Who a device is: the system group and the maker its sysObjectID names. Rejects with `SnmpError`. */
export async function identify(
  session: SnmpSession,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<DeviceIdentity> {
  const { sysName, sysDescr, sysObjectId } = await readSystem(session, options);
  return {
    vendor: vendorOfObjectId(sysObjectId),
    os: null,
    model: null,
    version: null,
    serial: null,
    sysName,
    sysDescr,
    sysObjectId,
  };
}
