import { NotFoundError, ValidationError } from '@dotmac/schema';
import { lockedAccount, updateAccount } from '../account/store.ts';
import { AccountRef } from '../account/type.ts';
import { builder } from '../builder.ts';
import { putSeller, type Seller, seller } from './store.ts';

const SellerRef = builder.objectRef<Seller>('Seller').implement({
  description: 'Who sells, as documents say it.',
  fields: (t) => ({
    name: t.exposeString('name'),
    street: t.exposeString('street'),
    city: t.exposeString('city'),
    postalCode: t.exposeString('postalCode'),
    country: t.exposeString('country', { description: 'ISO 3166-1 alpha-2.' }),
    vatId: t.exposeString('vatId', { nullable: true }),
    registration: t.exposeString('registration', { nullable: true }),
    email: t.exposeString('email', { nullable: true }),
    iban: t.exposeString('iban', { nullable: true }),
  }),
});

builder.queryField('seller', (t) =>
  t.field({
    type: SellerRef,
    nullable: true,
    authScopes: { scope: 'billing:read' },
    resolve: (_root, _args, { services }) => seller(services.database),
  }),
);

const SetSellerInput = builder.inputType('SetSellerInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    street: t.string({ required: true }),
    city: t.string({ required: true }),
    postalCode: t.string({ required: true }),
    country: t.string({ required: true, description: 'ISO 3166-1 alpha-2.' }),
    vatId: t.string({ description: 'With its country: DE123456789. This or the registration.' }),
    registration: t.string({ description: 'Number in the register of companies.' }),
    email: t.string(),
    iban: t.string(),
    clientMutationId: t.string(),
  }),
});
const SetBillingAddressInput = builder.inputType('SetBillingAddressInput', {
  fields: (t) => ({
    customerId: t.id({ required: true }),
    street: t.string(),
    city: t.string({ required: true }),
    postalCode: t.string(),
    country: t.string({ required: true, description: 'ISO 3166-1 alpha-2.' }),
    vatId: t.string(),
    clientMutationId: t.string(),
  }),
});

function checkCountry(country: string): void {
  if (!/^[A-Z]{2}$/.test(country))
    throw new ValidationError('input.country', `"${country}" is not a country; write one like DE`);
}
function checkVatId(vatId: string | null | undefined): void {
  if (vatId != null && !/^[A-Z]{2}[0-9A-Z]{2,13}$/.test(vatId))
    throw new ValidationError('input.vatId', `"${vatId}" is not a VAT id; write one like DE123456789`);
}

builder.mutationFields((t) => ({
  setSeller: t.field({
    type: SellerRef,
    description: 'For documents that are issued from now on.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: SetSellerInput, required: true }) },
    resolve: (_root, { input }, { services }) => {
      const { name, street, city, postalCode, country } = input;
      const vatId = input.vatId ?? null;
      const registration = input.registration ?? null;
      checkCountry(country);
      checkVatId(vatId);
      if (name.trim() === '' || name.length > 200)
        throw new ValidationError('input.name', 'A seller has a name of 1 to 200 characters');
      if (vatId === null && registration === null)
        throw new ValidationError('input.vatId', 'A seller is known by a VAT id or a registration');
      const rest = { vatId, registration, email: input.email ?? null, iban: input.iban ?? null };
      return services.database
        .transaction()
        .execute((transaction) =>
          putSeller(transaction, { name, street, city, postalCode, country, ...rest }),
        );
    },
  }),
  setBillingAddress: t.field({
    type: AccountRef,
    description: 'For documents that are issued from now on.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError] },
    args: { input: t.arg({ type: SetBillingAddressInput, required: true }) },
    resolve: (_root, { input }, { services }) => {
      const { customerId, city, country } = input;
      checkCountry(country);
      checkVatId(input.vatId);
      return services.database.transaction().execute(async (transaction) => {
        if ((await lockedAccount(transaction, customerId)) === null)
          throw new NotFoundError('Customer', customerId);
        return updateAccount(transaction, customerId, {
          city,
          country,
          street: input.street ?? null,
          postalCode: input.postalCode ?? null,
          vatId: input.vatId ?? null,
        });
      });
    },
  }),
}));
