import { ENTERPRISES } from './enterprises.ts';
import products from './products.json' with { type: 'json' };

/** Below 1.3.6.1.4.1, from the makers' product MIBs: those of Cisco, Brocade, TP-Link, Ruckus and others. */
const names: Readonly<Record<string, string>> = products;

/** The name that the maker's product MIB gives a sysObjectID, or null. For boxes that name their model nowhere else. */
export function productOf(sysObjectId: string | null): string | null {
  if (sysObjectId === null || !sysObjectId.startsWith(ENTERPRISES)) return null;
  return names[sysObjectId.slice(ENTERPRISES.length)] ?? null;
}
