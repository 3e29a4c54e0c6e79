import { newId } from '@dotmac/platform';
import { ConflictError, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { checkName } from '../device/rules.ts';
import { AddressPoolRef } from '../types.ts';
import { poolBlock } from './rules.ts';
import { addressPools, insertPool } from './store.ts';

AddressPoolRef.implement({
  description: 'A block from which services get their address.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    cidr: t.expose('cidr', { type: 'CIDR' }),
    available: t.int({
      resolve: async ({ id }, _args, { loaders }) => (await loaders.poolUse.load(id))?.available ?? 0,
    }),
    assigned: t.int({
      resolve: async ({ id }, _args, { loaders }) => (await loaders.poolUse.load(id))?.assigned ?? 0,
    }),
    total: t.int({
      resolve: async ({ id }, _args, { loaders }) => (await loaders.poolUse.load(id))?.total ?? 0,
    }),
  }),
});

builder.queryField('addressPools', (t) =>
  t.field({
    type: [AddressPoolRef],
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => addressPools(services.database),
  }),
);

const CreateAddressPoolInput = builder.inputType('CreateAddressPoolInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    cidr: t.field({ type: 'CIDR', required: true, description: 'IPv4, /16 to /32.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('createAddressPool', (t) =>
  t.field({
    type: AddressPoolRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: CreateAddressPoolInput, required: true }) },
    resolve: async (_root, { input }, { services }) => {
      const name = checkName(input.name);
      const { cidr, size } = poolBlock(input.cidr);
      const at = new Date(services.clock.now());
      const id = newId('pol', services.clock);
      const pool = await services.database
        .transaction()
        .execute((transaction) => insertPool(transaction, { id, name, cidr, size, at }));
      if (pool === null)
        throw new ConflictError('POOL_OVERLAP', `Another pool has this name or addresses of ${cidr}`);
      return pool;
    },
  }),
);
