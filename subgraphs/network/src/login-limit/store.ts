import type { TenantDatabase } from '@dotmac/migrations';
import { sql, type Transaction } from 'kysely';
import { type LoginLimits, noLimits } from './rules.ts';

export const limitColumns = [
  'access.macLimit',
  'access.macs',
  'access.nasIds',
  'access.portIds',
  'access.circuitIds',
  'access.kickOldest',
] as const;

interface LimitRow {
  readonly macLimit: number;
  readonly macs: string[];
  readonly nasIds: string[];
  readonly portIds: string[];
  readonly circuitIds: string[];
  readonly kickOldest: boolean;
}

/** A row with its limits as one thing, which is null for the many services that have none: memory holds them all. */
export function withLimits<Row extends LimitRow>(
  row: Row,
): Omit<Row, keyof LimitRow> & { readonly limits: LoginLimits | null } {
  const { macLimit, macs, nasIds, portIds, circuitIds, kickOldest, ...rest } = row;
  const limits = { macLimit, macs, nasIds, portIds, circuitIds, kickOldest };
  const none = JSON.stringify(limits) === JSON.stringify(noLimits);
  return { ...rest, limits: none ? null : limits };
}

/** Keeps a MAC address that a login taught, while there is room. @returns whether it is kept now, by this call or before. */
export async function learnMac(
  transaction: Transaction<TenantDatabase>,
  serviceId: string,
  mac: string,
): Promise<boolean> {
  const { rows } = await sql<{ macs: string[] }>`
    update network.access set macs = case
      when ${mac}::text = any(macs) or cardinality(macs) >= mac_limit then macs else macs || ${mac}::text end
    where service_id = ${serviceId} returning macs`.execute(transaction);
  return rows[0]?.macs.includes(mac) ?? false;
}
