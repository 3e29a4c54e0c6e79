import type { TenantDatabase } from '@dotmac/migrations';
import { type DailyWork, newId } from '@dotmac/platform';
import type { Transaction } from 'kysely';
import { expectFee, lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { type Day, formatDay } from '../calendar/rules.ts';
import type { Explanation } from '../explanation/rules.ts';
import { insertFee } from '../fee/store.ts';
import { dayOfText } from '../run/run.ts';
import { instalments } from './rules.ts';
import { type Equipment, unpaidInstalments } from './store.ts';

const planOf = ({ id, priceMinor, instalments: count, deliveredOn }: Equipment) => ({
  id,
  price: priceMinor,
  count,
  firstOn: dayOfText(deliveredOn),
});

/** Charges a device, or a part of it, once per reference. The caller holds the account's lock. */
export async function chargeFor(
  transaction: Transaction<TenantDatabase>,
  { clock }: Pick<BillingServices, 'clock'>,
  device: Equipment,
  part: { readonly reference: string; readonly label: string; readonly amount: bigint; readonly on: string },
): Promise<void> {
  const { reference, label, amount, on } = part;
  const { customerId, currency, description, priceMinor } = device;
  const explanation: Explanation = {
    rule: 'equipment',
    version: 1,
    inputs: { fee: `${amount}` },
    formula: 'fee',
    facts: { device: device.id, price: `${priceMinor}`, instalments: `${device.instalments}` },
  };
  const isNew = await insertFee(transaction, {
    id: newId('fee', clock),
    customerId,
    reference,
    description: `${description}${label}`,
    productClass: 'equipment',
    currency,
    amountMinor: amount,
    taxInclusive: device.taxInclusive,
    dueOn: on,
    lateInvoiceId: null,
    lateStepId: null,
    explanation,
  });
  if (isNew) await expectFee(transaction, customerId, on);
}

/** Charges the instalments of a device that are due by a day; after the end of its service all that are left. */
async function chargeInstalments(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  device: Equipment,
  today: Day,
  terminatedOn?: Day,
): Promise<void> {
  for (const [index, { id, on, amount }] of instalments(planOf(device), terminatedOn).entries()) {
    if (on > today) continue;
    const label = `, instalment ${index + 1} of ${device.instalments}`;
    await chargeFor(transaction, services, device, { reference: id, label, amount, on: formatDay(on) });
  }
}

/** What is left of a service's instalments falls due with its end. */
export async function chargeLeftInstalments(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  serviceLineId: string,
  endsOn: string,
): Promise<void> {
  const end = dayOfText(endsOn);
  for (const device of await unpaidInstalments(transaction, serviceLineId))
    await chargeInstalments(transaction, services, device, end, end);
}

/** Every day before billing: the instalments that fall due. */
export function dailyInstalments(services: BillingServices): DailyWork<TenantDatabase> {
  return {
    name: 'billing.instalments',
    async run(localDate) {
      const { database } = services;
      for (const device of await unpaidInstalments(database, null))
        await database.transaction().execute(async (transaction) => {
          await lockedAccount(transaction, device.customerId);
          await chargeInstalments(transaction, services, device, dayOfText(localDate));
        });
    },
  };
}
