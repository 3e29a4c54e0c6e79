import type { SnmpSession } from '../engine/session.ts';
import { asNumber, asOid, asText } from '../reading.ts';

const system = '1.3.6.1.2.1.1';

export const SYS_UP_TIME = `${system}.3`;

/** The system group of SNMPv2-MIB (RFC 3418). */
export interface SystemGroup {
  readonly sysDescr: string | null;
  readonly sysObjectId: string | null;
  /** Hundredths of a second since the agent started; wraps after 497 days. */
  readonly sysUpTime: number | null;
  readonly sysName: string | null;
  readonly sysLocation: string | null;
}

/** One request. Rejects with `SnmpError` when the agent does not answer. */
export async function readSystem(
  session: SnmpSession,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<SystemGroup> {
  const [sysDescr, sysObjectId, sysUpTime, sysName, sysLocation] = await session.get(
    [1, 2, 3, 5, 6].map((object) => `${system}.${object}.0`),
    options,
  );
  return {
    sysDescr: asText(sysDescr),
    sysObjectId: asOid(sysObjectId) ?? oidInText(asText(sysObjectId)),
    sysUpTime: asNumber(sysUpTime),
    sysName: asText(sysName),
    sysLocation: asText(sysLocation),
  };
}

/** Some agents give the OID as text. */
function oidInText(text: string | null): string | null {
  return /^\.?(1(?:\.\d+){5,})$/.exec(text ?? '')?.[1] ?? null;
}
