import type { Day } from '../calendar/rules.ts';
import { calculateTax } from './rules.ts';
import type { TaxComponent, TaxExemption } from './rules-types.ts';

/**
 * What a price that includes its tax leaves without it, on a day and for a customer; minor units. Where there is no tax
 * data it is the price itself.
 */
export function priceWithoutTax(
  { price, productClass }: { readonly price: bigint; readonly productClass: string },
  components: ReadonlyMap<string, readonly TaxComponent[]>,
  {
    jurisdictions,
    exemptions,
    on,
  }: {
    readonly jurisdictions: readonly string[];
    readonly exemptions: readonly TaxExemption[];
    readonly on: Day;
  },
): bigint {
  const taxed = calculateTax(
    [{ amount: price, inclusive: true, quantity: 1n, productClass, taxPoint: on }],
    jurisdictions.flatMap((one) => components.get(one) ?? []),
    { jurisdictions, customerClass: 'consumer', exemptions, rounding: 'perRate' },
  );
  return taxed.ok ? taxed.net : price;
}
