import { appendEvents, newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { checkName } from '../device/rules.ts';
import { conflictOver, uniqueName } from '../taken.ts';
import { AddressPoolRef, NasRef } from '../types.ts';
import { countOf, parseBlock } from './block.ts';
import { poolKinds } from './pool-state.ts';
import { lendingBlock, poolBlock } from './rules.ts';
import { type AddressPool, addressPools, hasFixedPrefixIn, insertPool } from './store.ts';

const PoolKindEnum = builder.enumType('AddressPoolKind', {
  description:
    'IPv4 addresses, IPv6 prefixes for the line (Framed-IPv6-Prefix), or IPv6 prefixes for the network behind it.',
  values: poolKinds,
});
const AssignmentEnum = builder.enumType('AddressAssignment', {
  description:
    'STATIC: for good, to a service. SESSION: lent at login, the same again while nobody else needs it.',
  values: ['STATIC', 'SESSION'] as const,
});

AddressPoolRef.implement({
  description: 'A block from which services or sessions get their address or prefix.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    cidr: t.expose('cidr', { type: 'CIDR' }),
    kind: t.field({ type: PoolKindEnum, resolve: ({ kind }) => kind as (typeof poolKinds)[number] }),
    assignment: t.field({
      type: AssignmentEnum,
      resolve: ({ assignment }) => assignment as 'STATIC' | 'SESSION',
    }),
    lentLength: t.exposeInt('lentLength', { description: 'The prefix length of what one line gets.' }),
    nases: t.field({
      type: [NasRef],
      description: 'That lend from it; all when empty.',
      resolve: async ({ nasIds }, _args, { loaders }) =>
        (await Promise.all(nasIds.map((id) => loaders.nas.load(id)))).filter((nas) => nas !== null),
    }),
    available: t.int({
      resolve: async (pool, _args, { loaders }) => {
        const use = await loaders.poolUse.load(pool.id);
        return pool.assignment === 'SESSION' ? sizeOf(pool) - (use?.assigned ?? 0) : (use?.available ?? 0);
      },
    }),
    assigned: t.int({
      resolve: async ({ id }, _args, { loaders }) => (await loaders.poolUse.load(id))?.assigned ?? 0,
    }),
    total: t.int({
      resolve: async (pool, _args, { loaders }) =>
        pool.assignment === 'SESSION' ? sizeOf(pool) : ((await loaders.poolUse.load(pool.id))?.total ?? 0),
    }),
  }),
});

/** How many lines a pool that lends has something for. */
function sizeOf({ cidr, lentLength, kind }: AddressPool): number {
  const block = parseBlock(cidr);
  if (block === null) return 0;
  const size = Number(countOf(block, lentLength));
  return kind === 'IPV4' && size >= 4 ? size - 3 : size;
}

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
    cidr: t.field({ type: 'CIDR', required: true, description: 'A static one is IPv4, /16 to /32.' }),
    kind: t.field({ type: PoolKindEnum, description: 'IPV4 when left out.' }),
    assignment: t.field({
      type: AssignmentEnum,
      description: 'When left out, STATIC for IPv4 and SESSION for prefixes.',
    }),
    lentLength: t.int({ description: 'When left out, /64 for the line and /56 for the network behind it.' }),
    nasIds: t.idList({ description: 'Only they lend from it; for SESSION.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('createAddressPool', (t) =>
  t.field({
    type: AddressPoolRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, ConflictError, NotFoundError] },
    args: { input: t.arg({ type: CreateAddressPoolInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, principal, traceId }) => {
      const name = checkName(input.name);
      const kind = input.kind ?? 'IPV4';
      const assignment = input.assignment ?? (kind === 'IPV4' ? 'STATIC' : 'SESSION');
      const nasIds = input.nasIds?.map(String) ?? [];
      if (assignment === 'STATIC' && (kind !== 'IPV4' || nasIds.length > 0))
        throw new ValidationError(
          'input.assignment',
          'A static pool is IPv4 and serves every NAS; SESSION lends',
        );
      for (const id of nasIds) if ((await loaders.nas.load(id)) === null) throw new NotFoundError('Nas', id);
      const { cidr, size, lentLength } =
        assignment === 'STATIC'
          ? { ...poolBlock(input.cidr), lentLength: 32 }
          : { ...lendingBlock(kind, input.cidr, input.lentLength ?? null), size: 0 };
      const now = services.clock.now();
      const id = newId('pol', services.clock);
      const about = { id, name, cidr, size, kind, assignment, lentLength, nasIds, at: new Date(now) };
      if (kind !== 'IPV4' && (await hasFixedPrefixIn(services.database, cidr)))
        throw new ConflictError('POOL_OVERLAP', `A service has a prefix of ${cidr} for good`);
      const pool = await services.database.transaction().execute(async (transaction) => {
        const inserted = await insertPool(transaction, about);
        if (inserted !== null)
          await appendEvents<TenantEvents>(transaction, [
            {
              type: 'address.pool.updated',
              subject: id,
              payload: { poolId: id, name },
              occurredAt: now,
              actor: principal.id,
              traceId,
            },
          ]);
        return inserted;
      });
      if (pool !== null) return pool;
      const named = await conflictOver(services.database, uniqueName('address_pool', 'pool'), name);
      throw named.holderId === null
        ? new ConflictError('POOL_OVERLAP', `Another pool has addresses of ${cidr}`)
        : named;
    },
  }),
);
