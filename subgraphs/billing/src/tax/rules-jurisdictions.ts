import { parseDay } from '../calendar/rules.ts';
import { JURISDICTION_SETS, type JurisdictionSet } from './rules-shipped.ts';
import type { TaxComponent } from './rules-types.ts';

/** Classes of product that the shipped sets tell apart. */
export const PRODUCT_CLASSES = ['internetAccess', 'voice', 'equipment', 'installation', 'other'] as const;

/** The components of the shipped sets: every rate on every class of product. */
export function shippedComponents(sets: readonly JurisdictionSet[] = JURISDICTION_SETS): TaxComponent[] {
  return sets.flatMap(({ jurisdiction, rates }) =>
    rates.flatMap(({ name, percent, from, to }) =>
      PRODUCT_CLASSES.map((productClass) => ({
        id: `${jurisdiction}/${name}`,
        jurisdiction,
        productClass,
        from: requireDay(from),
        ...(to === undefined ? {} : { to: requireDay(to) }),
        name,
        charge: { percent },
        category: 'S',
      })),
    ),
  );
}

function requireDay(text: string) {
  const day = parseDay(text);
  if (day === undefined) throw new RangeError(`"${text}" is not a date; write YYYY-MM-DD`);
  return day;
}

/**
 * Components with those that were recorded here: of one component and class of product, a rate takes over from the
 * shipped and the earlier ones on its day.
 */
export function withRecorded(
  shipped: readonly TaxComponent[],
  recorded: readonly TaxComponent[],
): TaxComponent[] {
  const keyOf = ({ id, productClass }: TaxComponent) => `${id}|${productClass}`;
  const own = Map.groupBy(
    recorded.toSorted((a, b) => a.from - b.from),
    keyOf,
  );
  const kept = shipped.flatMap((one) => {
    const first = own.get(keyOf(one))?.[0]?.from;
    if (first === undefined) return [one];
    if (one.from >= first) return [];
    return [{ ...one, to: Math.min(one.to ?? first, first) }];
  });
  const steps = [...own.values()].flatMap((rates) =>
    rates.map((rate, index) => {
      const next = rates[index + 1]?.from;
      return next === undefined ? rate : { ...rate, to: next };
    }),
  );
  return [...kept, ...steps];
}
