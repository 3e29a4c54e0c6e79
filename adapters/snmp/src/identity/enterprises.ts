import table from './enterprises.json' with { type: 'json' };

const ENTERPRISES = '1.3.6.1.4.1.';
const names: Readonly<Record<string, string>> = table;

/** The private enterprise number in an OID (IANA registry), or null outside 1.3.6.1.4.1. */
export function enterpriseNumber(oid: string | null): number | null {
  if (oid === null || !oid.startsWith(ENTERPRISES)) return null;
  const number = Number.parseInt(oid.slice(ENTERPRISES.length), 10);
  return Number.isNaN(number) ? null : number;
}

/**
 * The maker a sysObjectID names, or null. Numbers of agent software rather than of hardware (net-snmp 8072,
 * UCD 2021) are not in the table: they say nothing about who made the box.
 */
export function vendorOfObjectId(sysObjectId: string | null): string | null {
  const number = enterpriseNumber(sysObjectId);
  return number === null ? null : (names[number] ?? null);
}
