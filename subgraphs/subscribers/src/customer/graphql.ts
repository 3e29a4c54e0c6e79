import { appendEvents, hashPassword, newId } from '@dotmac/platform';
import { ConflictError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { builder } from '../builder.ts';
import { ServiceRef } from '../service/type.ts';
import { normaliseCustomer } from './rules.ts';
import { type Customer, customerPage, insertCustomer } from './store.ts';
import { AddressRef, CustomerRef, CustomerStateEnum } from './type.ts';

CustomerRef.implement({
  description: 'Somebody who has, had or may have services of this ISP.',
  // A subscriber reaches himself and nobody else, wherever in the graph he comes from.
  authScopes: (customer, { principal }) =>
    principal.customerId === customer.id || { scope: 'customers:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    number: t.field({
      type: 'BigInt',
      description: 'Counts up from 1001; shown to people.',
      resolve: (customer) => customer.number,
    }),
    name: t.exposeString('name'),
    email: t.exposeString('email', { nullable: true }),
    phone: t.exposeString('phone', { nullable: true }),
    state: t.expose('state', { type: CustomerStateEnum }),
    address: t.field({
      type: AddressRef,
      nullable: true,
      resolve: (customer) => (customer.street === null ? null : customer),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    services: t.field({
      type: [ServiceRef],
      resolve: (customer, _args, { loaders }) =>
        loaders.servicesOfCustomer.load(customer.id).then((list) => [...list]),
    }),
  }),
});

AddressRef.implement({
  fields: (t) => ({
    street: t.string({ resolve: ({ street }) => street ?? '' }),
    city: t.exposeString('city', { nullable: true }),
    region: t.exposeString('region', { nullable: true }),
    postalCode: t.exposeString('postalCode', { nullable: true }),
    country: t.exposeString('country', { nullable: true, description: 'ISO 3166-1, two letters.' }),
  }),
});

builder.asEntity(CustomerRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.customer.load(id)) as Customer,
});

builder.queryFields((t) => ({
  customer: t.field({
    type: CustomerRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    authScopes: { scope: 'customers:read' },
    resolve: (_root, { id }, { loaders }) => loaders.customer.load(id),
  }),
  viewerCustomer: t.field({
    type: CustomerRef,
    nullable: true,
    description: 'The signed-in subscriber himself; null for everybody else.',
    authScopes: { signedIn: true },
    resolve: (_root, _args, { principal, loaders }) =>
      principal.customerId === null ? null : loaders.customer.load(principal.customerId),
  }),
  customers: t.connection({
    type: CustomerRef,
    description: 'Customers by number.',
    args: { search: t.arg.string({ description: 'Part of the name or e-mail address, or the number.' }) },
    authScopes: { scope: 'customers:read' },
    resolve: (_root, args, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 20, maxSize: 200, toCursor: (customer: Customer) => customer.number.toString() },
        ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
          customerPage(services.database, {
            limit,
            inverted,
            search: args.search ?? null,
            ...(after === undefined ? {} : { after: numberOf(after, 'after') }),
            ...(before === undefined ? {} : { before: numberOf(before, 'before') }),
          }),
      ),
  }),
}));

function numberOf(cursor: string, argument: string): bigint {
  if (!/^\d{1,18}$/.test(cursor)) throw new ValidationError(argument, 'This is not a cursor of this list');
  return BigInt(cursor);
}

const CreateCustomerInput = builder.inputType('CreateCustomerInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    email: t.string(),
    phone: t.string(),
    street: t.string(),
    city: t.string(),
    region: t.string(),
    postalCode: t.string(),
    country: t.string(),
    portalPassword: t.string({
      description: 'Lets the customer sign in to the portal; at least 10 characters.',
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('createCustomer', (t) =>
  t.field({
    type: CustomerRef,
    authScopes: { scope: 'customers:write' },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: CreateCustomerInput, required: true }) },
    resolve: async (_root, { input }, { services, principal, traceId }) => {
      const { clientMutationId: _, portalPassword, ...fields } = input;
      const tidy = normaliseCustomer(input);
      if (portalPassword != null && portalPassword.length < 10) {
        throw new ValidationError('input.portalPassword', 'A password needs at least 10 characters');
      }
      const passwordHash = portalPassword == null ? null : await hashPassword(portalPassword);
      const now = services.clock.now();
      const id = newId('cus', services.clock);
      return services.database.transaction().execute(async (transaction) => {
        const customer = await insertCustomer(transaction, {
          ...fields,
          ...tidy,
          id,
          passwordHash,
          createdAt: new Date(now),
        });
        if (customer === null)
          throw new ConflictError('DUPLICATE_EMAIL', `Another customer has the e-mail address ${tidy.email}`);
        const { name, email } = customer;
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'customer.created',
            subject: id,
            payload: { customerId: id, name, email },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
        return customer;
      });
    },
  }),
);
