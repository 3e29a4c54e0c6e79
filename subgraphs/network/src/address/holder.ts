import type { PoolKind } from './pool-state.ts';

/** A line of a service: two lines of one service have something of their own each. */
export interface Holder {
  readonly serviceId: string;
  readonly mac: string | null;
}

export interface Asked extends Holder {
  readonly kind: PoolKind;
  readonly nasId: string;
  /** The only pool that may lend; null: any of the NAS's. */
  readonly poolId: string | null;
}

export function sameHolder(a: Holder, b: Holder): boolean {
  return a.serviceId === b.serviceId && a.mac === b.mac;
}

export function keyOf({ serviceId, mac }: Holder, kind: PoolKind): string {
  return `${kind} ${serviceId} ${mac ?? ''}`;
}
