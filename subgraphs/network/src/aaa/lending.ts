import type { Attribute } from '@dotmac/radius';
import type { Leases } from '../address/leases.ts';
import { type PoolKind, poolKinds } from '../address/pool-state.ts';
import type { Nas } from '../nas/store.ts';
import type { PolicyAccess } from './policy-access.ts';
import type { ExplainedStep } from './rules.ts';

const everyKind: ReadonlySet<PoolKind> = new Set(poolKinds);

type Fixed = Pick<PolicyAccess, 'address' | 'staticIpv6Prefix' | 'staticDelegatedPrefix'>;

/** What a service has for good, by kind. */
function fixedOf({ address, staticIpv6Prefix, staticDelegatedPrefix }: Fixed) {
  return { IPV4: address, IPV6_PREFIX: staticIpv6Prefix, DELEGATED_PREFIX: staticDelegatedPrefix };
}

/** What a service has not got for good: pools lend it. */
export function wantedOf(access: Fixed): ReadonlySet<PoolKind> {
  const fixed = fixedOf(access);
  if (fixed.IPV4 === null && fixed.IPV6_PREFIX === null && fixed.DELEGATED_PREFIX === null) return everyKind;
  return new Set(poolKinds.filter((kind) => fixed[kind] === null));
}

export function lineOf(
  nas: Nas,
  { serviceId, poolId }: Pick<PolicyAccess, 'serviceId' | 'poolId'>,
  mac: string | null,
) {
  return { serviceId, mac, nasId: nas.id, poolId };
}

/** RFC 2865 §5.8, RFC 3162 §2.3, RFC 4818. */
export function lentAttributes(kind: PoolKind, prefix: string): Attribute[] {
  if (kind === 'IPV6_PREFIX') return [{ name: 'Framed-IPv6-Prefix', value: prefix }];
  if (kind === 'DELEGATED_PREFIX') return [{ name: 'Delegated-IPv6-Prefix', value: prefix }];
  return [{ name: 'Framed-IP-Address', value: prefix.slice(0, prefix.indexOf('/')) }];
}

/** The last check of an accept: what the line would be given now, and from where. Nothing is lent by asking. */
export function explainAddress(
  leases: Leases,
  nas: Nas,
  access: PolicyAccess,
  mac: string | null,
): ExplainedStep {
  const told: string[] = [];
  let passed = true;
  const fixed = fixedOf(access);
  const line = lineOf(nas, access, mac);
  for (const kind of poolKinds) {
    if (fixed[kind] !== null) {
      told.push(`${kind}: ${fixed[kind]}, for good`);
      continue;
    }
    const found = leases.preview({ ...line, kind, poolId: kind === 'IPV4' ? line.poolId : null });
    if (found === 'EXHAUSTED') {
      told.push(`${kind}: every pool of this NAS is used up`);
      passed &&= kind !== 'IPV4';
    } else if (found !== null) told.push(`${kind}: ${found.prefix}, lent by ${found.poolName}`);
    else if (kind === 'IPV4') told.push('IPV4: no pool lends here; the NAS gives one');
  }
  return { check: 'address', passed, fact: told.join('; ') };
}
