import table from './enterprises.json' with { type: 'json' };

const ENTERPRISES = '1.3.6.1.4.1.';
/** By private enterprise number, or by a branch of one (`161.19`) that names another maker than its parent. */
const makers: Readonly<Record<string, string>> = table;

/** The private enterprise number in an OID (IANA registry), or null outside 1.3.6.1.4.1. */
export function enterpriseNumber(oid: string | null): number | null {
  if (oid === null || !oid.startsWith(ENTERPRISES)) return null;
  const number = Number.parseInt(oid.slice(ENTERPRISES.length), 10);
  return Number.isNaN(number) ? null : number;
}

/**
 * The maker a sysObjectID names, or null. Numbers of agent software rather than of hardware (net-snmp 8072,
 * UCD 2021, Broadcom's 4413) are not in the table: they say nothing about who made the box.
 */
export function vendorOfObjectId(sysObjectId: string | null): string | null {
  if (!sysObjectId?.startsWith(ENTERPRISES)) return null;
  const [number = '', branch = ''] = sysObjectId.slice(ENTERPRISES.length).split('.');
  return makers[`${number}.${branch}`] ?? makers[number] ?? null;
}
