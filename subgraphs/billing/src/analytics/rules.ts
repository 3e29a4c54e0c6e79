import { divRound } from '@dotmac/platform/money/rounding';
import type { MoneyValue } from '@dotmac/schema';

/** What a service is worth a month at one moment. Minor units; null while it does not run. */
export interface ServiceValue {
  readonly serviceId: string;
  readonly customerId: string;
  readonly currency: string;
  readonly opening: bigint | null;
  readonly closing: bigint | null;
}

export const movementKinds = ['NEW', 'EXPANSION', 'CONTRACTION', 'CHURN'] as const;
type MovementKind = (typeof movementKinds)[number];

export interface MrrMovement {
  readonly kind: MovementKind;
  readonly amount: bigint;
  readonly serviceIds: readonly string[];
}

export interface MrrReport {
  readonly currency: string;
  readonly opening: bigint;
  readonly closing: bigint;
  readonly movements: readonly MrrMovement[];
  /** Customers with a running service at each end. */
  readonly openingCustomers: number;
  readonly closingCustomers: number;
  /** Customers who had one and have none. */
  readonly churnedCustomerIds: readonly string[];
  /** Closing value by closing customers, rounded. */
  readonly arpu: bigint;
  /** What opening, closing, movements and customers are the sums of. */
  readonly services: readonly ServiceValue[];
}

/** Monthly worth of a price per interval, rounded: a year is twelve months, a week 7 of 365 days. */
export function monthly(price: bigint, unit: 'day' | 'week' | 'month' | 'year', count: number): bigint {
  const n = BigInt(count);
  switch (unit) {
    case 'month':
      return divRound(price, n);
    case 'year':
      return divRound(price, 12n * n);
    case 'week':
      return divRound(price * 365n, 84n * n);
    case 'day':
      return divRound(price * 365n, 12n * n);
  }
}

/** What services are worth a month at the closing, by currency; a currency in which none runs is left out. */
export function monthlySums(services: readonly ServiceValue[]): MoneyValue[] {
  const sums = new Map<string, bigint>();
  for (const { closing, currency } of services)
    if (closing !== null) sums.set(currency, (sums.get(currency) ?? 0n) + closing);
  return [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([currency, minor]) => ({ minor, currency }));
}

/** Opening + movements = closing, by currency; every movement names its services. */
export function mrr(services: readonly ServiceValue[]): MrrReport[] {
  return [...Map.groupBy(services, ({ currency }) => currency)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, own]) => report(currency, own));
}

function report(currency: string, services: readonly ServiceValue[]): MrrReport {
  const kinds = Map.groupBy(services, kindOf);
  const movements = movementKinds.map((kind) => {
    const moved = kinds.get(kind) ?? [];
    return {
      kind,
      amount: moved.reduce((sum, one) => sum + (one.closing ?? 0n) - (one.opening ?? 0n), 0n),
      serviceIds: moved.map(({ serviceId }) => serviceId),
    };
  });
  const having = (pick: (one: ServiceValue) => bigint | null) =>
    new Set(services.filter((one) => pick(one) !== null).map(({ customerId }) => customerId));
  const before = having(({ opening }) => opening);
  const after = having(({ closing }) => closing);
  const closing = services.reduce((sum, one) => sum + (one.closing ?? 0n), 0n);
  return {
    currency,
    opening: services.reduce((sum, one) => sum + (one.opening ?? 0n), 0n),
    closing,
    movements,
    openingCustomers: before.size,
    closingCustomers: after.size,
    churnedCustomerIds: [...before].filter((id) => !after.has(id)).sort(),
    arpu: after.size === 0 ? 0n : divRound(closing, BigInt(after.size)),
    services,
  };
}

function kindOf({ opening, closing }: ServiceValue): MovementKind | undefined {
  if (opening === null) return closing === null ? undefined : 'NEW';
  if (closing === null) return 'CHURN';
  if (closing === opening) return undefined;
  return closing > opening ? 'EXPANSION' : 'CONTRACTION';
}
