import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import { CustomerRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { type BillingContext, builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import { currentVersions } from '../service-line/store.ts';
import { chargeFor } from './charge.ts';
import { endRental, startRental } from './rental.ts';
import { type Equipment, equipmentById, insertEquipment, updateEquipment } from './store.ts';

const EquipmentKindEnum = builder.enumType('EquipmentKind', {
  values: {
    SALE: { value: 'sale' },
    INSTALMENTS: {
      value: 'instalments',
      description: 'Monthly; what is left falls due with the end of its service.',
    },
    LOAN: { value: 'loan', description: 'To be brought back, or paid.' },
    RENTAL: {
      value: 'rental',
      description: 'Charged by the period of its plan from delivery to return, by the day; then as a loan.',
    },
  },
} as const);

const EquipmentRef = builder.objectRef<Equipment>('Equipment').implement({
  description: 'A device that a customer bought, or has on loan.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.field({ type: EquipmentKindEnum, resolve: ({ kind }) => kind }),
    description: t.exposeString('description'),
    serial: t.exposeString('serial', { nullable: true }),
    price: t.field({
      type: 'Money',
      description: 'Without tax; of one on loan, what it costs not to bring it back.',
      resolve: ({ priceMinor, currency }) => ({ minor: priceMinor, currency }),
    }),
    instalments: t.exposeInt('instalments'),
    deliveredOn: t.expose('deliveredOn', { type: 'LocalDate' }),
    returnedOn: t.expose('returnedOn', { type: 'LocalDate', nullable: true }),
    chargedOn: t.expose('chargedOn', {
      type: 'LocalDate',
      nullable: true,
      description: 'When it was charged because it was not brought back.',
    }),
  }),
});

builder.objectField(CustomerRef, 'equipment', (t) =>
  t.field({
    type: [EquipmentRef],
    authScopes: ({ id }, _args, { principal }) => principal.customerId === id || { scope: 'billing:read' },
    resolve: async ({ id }, _args, { loaders }) => [...(await loaders.equipmentOfCustomer.load(id))],
  }),
);

const DeliverEquipmentInput = builder.inputType('DeliverEquipmentInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    serviceId: t.id({ description: 'With whose end what is left of the instalments falls due.' }),
    kind: t.field({ type: EquipmentKindEnum, required: true }),
    description: t.string({ required: true, description: 'Stands on the line.' }),
    serial: t.string(),
    price: t.field({
      type: MoneyInput,
      required: true,
      description: 'Without tax, unless it is inclusive.',
    }),
    taxInclusive: t.boolean({ defaultValue: false, description: 'The price is what is paid, tax included.' }),
    planId: t.id({ description: 'Of RENTAL: the add-on by whose price and periods it is charged.' }),
    instalments: t.int({ defaultValue: 1 }),
    clientMutationId: t.string(),
  }),
});
const EquipmentInput = builder.inputType('EquipmentInput', {
  fields: (t) => ({ equipmentId: t.id({ required: true }), clientMutationId: t.string() }),
});

/** Ends a loan: brought back, or charged. @throws NotFoundError, ConflictError */
async function endLoan(context: BillingContext, id: string, how: 'returned' | 'charged'): Promise<Equipment> {
  const { services } = context;
  const { today } = actOf(context);
  return services.database.transaction().execute(async (transaction) => {
    const found = await equipmentById(transaction, id);
    if (found === null) throw new NotFoundError('Equipment', id);
    await lockedAccount(transaction, found.customerId);
    const device = (await equipmentById(transaction, id)) ?? found;
    if (device.kind !== 'loan' && device.kind !== 'rental')
      throw new ConflictError('NOT_ON_LOAN', 'The device is the customer’s own');
    if (device.returnedOn !== null)
      throw new ConflictError('RETURNED', `It came back on ${device.returnedOn}`);
    if (device.chargedOn !== null)
      throw new ConflictError('CHARGED', `It was charged on ${device.chargedOn}`);
    const change = how === 'returned' ? { returnedOn: today } : { chargedOn: today };
    await updateEquipment(transaction, id, change);
    if (device.kind === 'rental') await endRental(transaction, device, today);
    if (how === 'charged')
      await chargeFor(transaction, services, device, {
        reference: `${id}/unreturned`,
        label: ', not brought back',
        amount: device.priceMinor,
        on: today,
      });
    return { ...device, ...change };
  });
}

builder.mutationFields((t) => ({
  deliverEquipment: t.field({
    type: EquipmentRef,
    description: 'A device goes to a customer: what is sold is on his next invoice, instalments begin today.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError] },
    args: { input: t.arg({ type: DeliverEquipmentInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { services, principal } = context;
      const { today } = actOf(context);
      const { customerId, serviceId, kind, description, price } = input;
      return services.database.transaction().execute(async (transaction) => {
        const account = await lockedAccount(transaction, customerId);
        if (account === null) throw new NotFoundError('Customer', customerId);
        if (account.currency !== price.currency)
          throw new ValidationError(
            'input.price.currency',
            `The account is in ${account.currency}, not in ${price.currency}`,
          );
        if (price.amount <= 0n) throw new ValidationError('input.price.amount', 'A price is more than 0');
        if (description.trim() === '' || description.length > 150)
          throw new ValidationError('input.description', 'A device is described in 1 to 150 characters');
        const count = input.instalments ?? 1;
        if (count < 1 || count > 60 || (kind !== 'instalments' && count !== 1))
          throw new ValidationError('input.instalments', '1 to 60 instalments, and only of that kind');
        if (serviceId != null) {
          const [current] = await currentVersions(transaction, [serviceId]);
          if (current?.customerId !== customerId) throw new NotFoundError('Service', serviceId);
        }
        const device: Equipment = {
          id: newId('eqp', services.clock),
          customerId,
          serviceLineId: serviceId ?? null,
          kind,
          description,
          serial: input.serial ?? null,
          currency: price.currency,
          priceMinor: price.amount,
          taxInclusive: input.taxInclusive ?? false,
          instalments: count,
          deliveredOn: today,
          returnedOn: null,
          chargedOn: null,
          recordedBy: principal.id,
        };
        await insertEquipment(transaction, device);
        if (kind === 'rental') await startRental(transaction, device, input.planId ?? null, today);
        else if (input.planId != null)
          throw new ValidationError('input.planId', 'Only what is rented is charged by a plan');
        if (kind === 'sale')
          await chargeFor(transaction, services, device, {
            reference: device.id,
            label: '',
            amount: price.amount,
            on: today,
          });
        return device;
      });
    },
  }),
  returnEquipment: t.field({
    type: EquipmentRef,
    description: 'What was on loan came back.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: EquipmentInput, required: true }) },
    resolve: (_root, { input }, context) => endLoan(context, input.equipmentId, 'returned'),
  }),
  chargeUnreturnedEquipment: t.field({
    type: EquipmentRef,
    description: 'What was on loan did not come back: its price is on the next invoice.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: EquipmentInput, required: true }) },
    resolve: (_root, { input }, context) => endLoan(context, input.equipmentId, 'charged'),
  }),
}));
