import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import { AccountRef, CustomerRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { type BillingContext, builder } from '../builder.ts';
import { PRODUCT_CLASSES } from './rules-jurisdictions.ts';
import { JURISDICTION_SETS } from './rules-shipped.ts';
import {
  type Exemption,
  insertExemption,
  insertTaxRate,
  type TaxChange,
  type TaxRate,
  taxChange,
  taxComponents,
  taxRates,
} from './store.ts';

const categories = ['S', 'Z', 'E', 'AE', 'O'] as const;
const exemptionKinds = ['CERTIFICATE', 'REVERSE_CHARGE'] as const;
const TaxExemptionKindEnum = builder.enumType('TaxExemptionKind', { values: exemptionKinds });
const TaxCategoryEnum = builder.enumType('TaxCategory', {
  description: 'UNCL 5305, as EN 16931 uses it.',
  values: categories,
});

const TaxExemptionRef = builder.objectRef<Exemption>('TaxExemption').implement({
  description:
    'Frees a customer from the taxes of a jurisdiction, by the first day of the period that is taxed.',
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.field({
      type: TaxExemptionKindEnum,
      resolve: ({ kind }) => kind as (typeof exemptionKinds)[number],
    }),
    evidence: t.exposeString('evidence', { description: 'The number of the certificate, or the VAT id.' }),
    jurisdiction: t.exposeString('jurisdiction'),
    from: t.expose('fromDay', { type: 'LocalDate' }),
    until: t.expose('toDay', { type: 'LocalDate', description: 'The first day on which it is expired.' }),
  }),
});

builder.objectField(AccountRef, 'taxExemptions', (t) =>
  t.field({
    type: [TaxExemptionRef],
    resolve: async ({ customerId }, _args, { loaders }) => [
      ...(await loaders.taxExemptionsOfCustomer.load(customerId)),
    ],
  }),
);

const TaxRateRef = builder.objectRef<TaxRate>('TaxRate').implement({
  description: 'A rate that was recorded here; it takes over from the one before it on its day.',
  fields: (t) => ({
    id: t.exposeID('id'),
    jurisdiction: t.exposeString('jurisdiction'),
    name: t.exposeString('name'),
    productClass: t.exposeString('productClass'),
    percent: t.exposeString('percent', { nullable: true }),
    perUnitMinor: t.field({
      type: 'BigInt',
      nullable: true,
      description: 'Minor units for each line.',
      resolve: ({ perUnitMinor }) => perUnitMinor,
    }),
    from: t.expose('fromDay', { type: 'LocalDate' }),
    source: t.exposeString('source'),
  }),
});

const TaxSourceRef = builder.objectRef<(typeof JURISDICTION_SETS)[number]>('ShippedTaxSet').implement({
  description: 'An example to start from: whoever bills by it confirms it.',
  fields: (t) => ({
    jurisdiction: t.exposeString('jurisdiction'),
    source: t.exposeString('source'),
    checkedOn: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'When the rates were last compared with something published; null: never.',
      resolve: ({ checked }) => checked.on,
    }),
    checkedAgainst: t.string({ nullable: true, resolve: ({ checked }) => checked.against }),
    checkedOfficially: t.boolean({
      description: 'It was compared with the law, or with the page of the authority that raises the tax.',
      resolve: ({ checked }) => checked.isOfficial,
    }),
    rates: t.field({
      type: [
        builder.objectRef<(typeof JURISDICTION_SETS)[number]['rates'][number]>('ShippedTaxRate').implement({
          fields: (f) => ({
            name: f.exposeString('name'),
            percent: f.exposeString('percent'),
            from: f.expose('from', { type: 'LocalDate' }),
            until: f.field({ type: 'LocalDate', nullable: true, resolve: ({ to }) => to ?? null }),
          }),
        }),
      ],
      resolve: ({ rates }) => [...rates],
    }),
  }),
});

const TaxChangeRef = builder.objectRef<TaxChange>('TaxChangeImpact').implement({
  fields: (t) => ({
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    documents: t.int({ resolve: ({ documents }) => Number(documents) }),
    base: t.field({ type: 'Money', resolve: ({ base, currency }) => ({ minor: base, currency }) }),
    tax: t.field({ type: 'Money', resolve: ({ tax, currency }) => ({ minor: tax, currency }) }),
    taxThen: t.field({ type: 'Money', resolve: ({ taxThen, currency }) => ({ minor: taxThen, currency }) }),
  }),
});

builder.queryFields((t) => ({
  shippedTaxSets: t.field({
    type: [TaxSourceRef],
    authScopes: { scope: 'billing:read' },
    resolve: () => [...JURISDICTION_SETS],
  }),
  taxRates: t.field({
    type: [TaxRateRef],
    authScopes: { scope: 'billing:read' },
    resolve: (_root, _args, { services }) => taxRates(services.database),
  }),
  taxChangePreview: t.field({
    type: [TaxChangeRef],
    description: 'What the documents of some days would have had of a tax at another rate.',
    authScopes: { scope: 'billing:read' },
    args: {
      component: t.arg.string({ required: true, description: 'Such as CA-ON/HST.' }),
      percent: t.arg.string({ required: true }),
      issuedFrom: t.arg({ type: 'LocalDate', required: true }),
      issuedTo: t.arg({ type: 'LocalDate', required: true, description: 'The first day without.' }),
    },
    resolve: (_root, { component, percent, issuedFrom, issuedTo }, { services }) => {
      if (!isPercent(percent))
        throw new ValidationError('percent', `"${percent}" is not a percent; write one like 13.5`);
      return taxChange(services.database, component, percent, { from: issuedFrom, to: issuedTo });
    },
  }),
}));

const isPercent = (text: string) => /^\d{1,3}(\.\d{1,6})?$/.test(text);

const RecordTaxExemptionInput = builder.inputType('RecordTaxExemptionInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    kind: t.field({ type: TaxExemptionKindEnum, required: true }),
    evidence: t.string({
      required: true,
      description: 'The certificate’s number, or the VAT id that was checked.',
    }),
    jurisdiction: t.string({ required: true }),
    from: t.field({ type: 'LocalDate', required: true }),
    until: t.field({
      type: 'LocalDate',
      required: true,
      description: 'The first day on which it is expired.',
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('recordTaxExemption', (t) =>
  t.field({
    type: TaxExemptionRef,
    description: 'Of periods that begin while it holds; what is on documents already stays.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RecordTaxExemptionInput, required: true }) },
    resolve: (_root, { input }, context) => recordExemption(input, context),
  }),
);

function recordExemption(
  { customerId, kind, evidence, jurisdiction, from, until }: typeof RecordTaxExemptionInput.$inferInput,
  context: BillingContext,
): Promise<Exemption> {
  const { services, principal } = context;
  if (evidence.trim() === '' || evidence.length > 200)
    throw new ValidationError('input.evidence', 'Name the evidence in 1 to 200 characters');
  if (until <= from) throw new ValidationError('input.until', `It expires after its first day, ${from}`);
  return services.database.transaction().execute(async (transaction) => {
    if ((await lockedAccount(transaction, customerId)) === null)
      throw new NotFoundError('Customer', customerId);
    if (!(await taxComponents(transaction)).has(jurisdiction))
      throw new ValidationError('input.jurisdiction', `There is no tax data for "${jurisdiction}"`);
    const exemption: Exemption = {
      id: newId('tex', services.clock),
      customerId,
      kind,
      evidence,
      jurisdiction,
      fromDay: from,
      toDay: until,
      recordedBy: principal.id,
      recordedAt: new Date(actOf(context).now),
    };
    if (!(await insertExemption(transaction, exemption)))
      throw new ConflictError('RECORDED', 'This evidence is recorded from that day on already');
    return exemption;
  });
}

const RecordTaxRateInput = builder.inputType('RecordTaxRateInput', {
  fields: (t) => ({
    jurisdiction: t.string({
      required: true,
      description: 'ISO 3166, finer parts after dashes: US-TX-AUSTIN.',
    }),
    name: t.string({
      required: true,
      description: 'With the jurisdiction it is the component: CA-ON and HST.',
    }),
    productClass: t.string({ required: true, description: PRODUCT_CLASSES.join(', ') }),
    percent: t.string({ description: 'Either this or an amount.' }),
    perUnitMinor: t.field({
      type: 'BigInt',
      description: 'Minor units for each line, such as a fee for 911.',
    }),
    category: t.field({ type: TaxCategoryEnum, defaultValue: 'S' }),
    from: t.field({ type: 'LocalDate', required: true }),
    source: t.string({ required: true, description: 'The law, or the rate service and when it was asked.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('recordTaxRate', (t) =>
  t.field({
    type: TaxRateRef,
    description:
      'A rate of the tenant’s own or of a rate service. Of its component and class it takes over on its day, also from what is shipped.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: RecordTaxRateInput, required: true }) },
    resolve: (_root, { input }, context) => recordRate(input, context),
  }),
);

function recordRate(input: typeof RecordTaxRateInput.$inferInput, context: BillingContext): Promise<TaxRate> {
  const { services, principal } = context;
  const { jurisdiction, name, productClass, percent, perUnitMinor, source } = input;
  if (!/^[A-Z]{2}(-[A-Z0-9]{1,10})*$/.test(jurisdiction))
    throw new ValidationError('input.jurisdiction', `"${jurisdiction}" is not like US-TX or US-TX-AUSTIN`);
  if (name.trim() === '' || name.length > 100 || name.includes('/'))
    throw new ValidationError('input.name', 'A tax has a name of 1 to 100 characters without a slash');
  if (!PRODUCT_CLASSES.some((one) => one === productClass))
    throw new ValidationError('input.productClass', `Name one of ${PRODUCT_CLASSES.join(', ')}`);
  if ((percent == null) === (perUnitMinor == null))
    throw new ValidationError('input.percent', 'A tax is either a percent or an amount for each line');
  if (percent != null && !isPercent(percent))
    throw new ValidationError('input.percent', `"${percent}" is not a percent; write one like 13.5`);
  if (perUnitMinor != null && perUnitMinor < 0n)
    throw new ValidationError('input.perUnitMinor', 'A tax is not below 0');
  if (source.trim() === '' || source.length > 500)
    throw new ValidationError('input.source', 'Say where it was read, in 1 to 500 characters');
  const rate: TaxRate = {
    id: newId('txr', services.clock),
    jurisdiction,
    name,
    productClass,
    percent: percent ?? null,
    perUnitMinor: perUnitMinor ?? null,
    category: input.category ?? 'S',
    fromDay: input.from,
    source,
    recordedBy: principal.id,
    recordedAt: new Date(actOf(context).now),
  };
  return services.database.transaction().execute(async (transaction) => {
    if (!(await insertTaxRate(transaction, rate)))
      throw new ConflictError(
        'RATE_RECORDED',
        `${jurisdiction}/${name} has a rate from ${input.from} on already`,
      );
    return rate;
  });
}
