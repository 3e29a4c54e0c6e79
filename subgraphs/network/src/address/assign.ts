import type { TenantDatabase } from '@dotmac/migrations';
import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { type Access, updateAccess } from '../access/store.ts';
import { fingerprintOf } from '../change/apply.ts';
import { blockText, parseBlock } from './block.ts';
import { addressPoolById, nextAddress, poolHolding, releaseAddress, takeAddress } from './store.ts';

/** What somebody wants a service to have; undefined stays as it is, null is given up. */
export interface WantedAddresses {
  /** The pool for IPv4: a static one gives its next free address for good, one that lends does so at the next login. */
  readonly poolId?: string | undefined;
  /** This very IPv4 address, for good. */
  readonly address?: string | undefined;
  readonly ipv6Prefix?: string | null | undefined;
  readonly delegatedPrefix?: string | null | undefined;
}

/** What a service would have, and has after `carryOut`. */
export interface Assignment {
  /** Null: lent at login, or given by the NAS. */
  readonly address: string | null;
  readonly poolId: string | null;
  readonly ipv6Prefix: string | null;
  readonly delegatedPrefix: string | null;
  readonly fingerprint: string;
}

/** Plans in a transaction that holds the access. @throws ValidationError, NotFoundError, ConflictError */
export async function planAssignment(
  transaction: Transaction<TenantDatabase>,
  access: Access,
  wanted: WantedAddresses,
): Promise<Assignment> {
  if (wanted.poolId !== undefined && wanted.address !== undefined)
    throw new ValidationError('input.poolId', 'Give a pool or an address, not both');
  const ipv4 = await ipv4Of(transaction, access, wanted);
  const ipv6Prefix = await prefixOf(
    transaction,
    'input.ipv6Prefix',
    64,
    wanted.ipv6Prefix,
    access.staticIpv6Prefix,
  );
  const delegatedPrefix = await prefixOf(
    transaction,
    'input.delegatedPrefix',
    64,
    wanted.delegatedPrefix,
    access.staticDelegatedPrefix,
  );
  const after = { ...ipv4, ipv6Prefix, delegatedPrefix };
  const before = [access.address, access.poolId, access.staticIpv6Prefix, access.staticDelegatedPrefix];
  return {
    ...after,
    fingerprint: fingerprintOf(access.serviceId, 'addresses', [JSON.stringify([before, after])]),
  };
}

/** @throws ConflictError when somebody else has it. */
export async function carryOut(
  transaction: Transaction<TenantDatabase>,
  access: Access,
  { address, poolId, ipv6Prefix, delegatedPrefix }: Assignment,
  at: Date,
): Promise<void> {
  const { serviceId } = access;
  if (address !== access.address) {
    await releaseAddress(transaction, serviceId, at);
    if (address !== null && !(await takeAddress(transaction, serviceId, address, at)))
      throw new ConflictError('ADDRESS_TAKEN', `${address} is not free any more`);
  }
  await updateAccess(transaction, serviceId, {
    poolId,
    staticIpv6Prefix: ipv6Prefix,
    staticDelegatedPrefix: delegatedPrefix,
  });
}

async function ipv4Of(
  transaction: Transaction<TenantDatabase>,
  access: Access,
  { poolId, address }: WantedAddresses,
): Promise<Pick<Assignment, 'address' | 'poolId'>> {
  if (address !== undefined) {
    if (address === access.address) return { address, poolId: null };
    const holding = await poolHolding(transaction, address);
    if (holding === null || holding.assignment !== 'STATIC')
      throw new ConflictError(
        'NOT_IN_A_STATIC_POOL',
        holding === null
          ? `${address} is in no pool: create a static one that holds it`
          : `${address} is lent by ${holding.name}`,
      );
    if (!holding.free) throw new ConflictError('ADDRESS_TAKEN', `${address} belongs to another service`);
    return { address, poolId: null };
  }
  if (poolId === undefined) return { address: access.address, poolId: access.poolId };
  const pool = await addressPoolById(transaction, poolId);
  if (pool === null) throw new NotFoundError('AddressPool', poolId);
  if (pool.kind !== 'IPV4')
    throw new ValidationError('input.poolId', `${pool.name} lends prefixes; IPv4 comes from another`);
  if (pool.assignment === 'SESSION') return { address: null, poolId };
  const next = await nextAddress(transaction, poolId);
  if (next === null) throw new ConflictError('POOL_EXHAUSTED', `${pool.name} has no free address`);
  return { address: next, poolId: null };
}

async function prefixOf(
  transaction: Transaction<TenantDatabase>,
  field: string,
  longest: number,
  wanted: string | null | undefined,
  current: string | null,
): Promise<string | null> {
  if (wanted === undefined) return current;
  if (wanted === null) return null;
  const block = parseBlock(wanted);
  if (block === null || block.family !== 6 || block.length > longest || block.length < 16)
    throw new ValidationError(field, `An IPv6 prefix looks like 2001:db8:7::/56; this is ${wanted}`);
  const text = blockText(block);
  if (text === current) return text;
  const holding = await poolHolding(transaction, text);
  if (holding !== null) throw new ConflictError('PREFIX_IN_POOL', `${text} is lent by ${holding.name}`);
  return text;
}
