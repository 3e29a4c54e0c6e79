import type { DeviceIdentity } from '@dotmac/device';
import type { SnmpSession } from '../engine/session.ts';
import { readSystem, type SystemGroup } from '../mib/system.ts';
import { vendorOfObjectId } from './enterprises.ts';
import { extract, systemOf } from './systems.ts';

/** What the system group alone tells: maker and system by rule, version and model where sysDescr holds them. */
export function identityOf(system: SystemGroup): DeviceIdentity {
  const { sysName, sysDescr, sysObjectId } = system;
  const rule = systemOf(system);
  return {
    vendor: rule?.vendor ?? vendorOfObjectId(sysObjectId),
    os: rule?.os ?? null,
    model: extract(sysDescr, rule?.model),
    version: extract(sysDescr, rule?.version),
    serial: null,
    sysName,
    sysDescr,
    sysObjectId,
  };
}

/** Who a device is, from its system group. Rejects with `SnmpError`. */
export async function identify(
  session: SnmpSession,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<DeviceIdentity> {
  return identityOf(await readSystem(session, options));
}
