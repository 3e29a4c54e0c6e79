import { appendEvents, newId } from '@dotmac/platform';
import { ConflictError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { blockText, parseBlock } from '../address/block.ts';
import { builder } from '../builder.ts';
import { SessionRef } from '../types.ts';
import { certainties, certaintyAt, checkCgnatBlock, insideOf, outsideOf } from './rules.ts';
import { type CgnatBlockRow, cgnatBlocks, type Holding, insertCgnatBlock, sessionsWith } from './store.ts';

interface Holder {
  readonly holding: Holding;
  readonly certainty: (typeof certainties)[number];
  readonly firstPort: number;
  readonly lastPort: number;
  readonly evidence: string;
}

const HolderRef = builder.objectRef<Holder>('AddressHolder').implement({
  description: 'A session that had an address.',
  fields: (t) => ({
    session: t.field({ type: SessionRef, resolve: ({ holding }) => holding }),
    certainty: t.expose('certainty', {
      type: builder.enumType('AddressCertainty', {
        description: 'POSSIBLE: after the last word of the NAS, while it may have gone on.',
        values: certainties,
      }),
    }),
    firstPort: t.exposeInt('firstPort', { description: '0 to 65535 when the address is not shared.' }),
    lastPort: t.exposeInt('lastPort'),
    evidence: t.exposeString('evidence', { description: 'What the answer rests on.' }),
  }),
});

builder.queryField('addressHolders', (t) =>
  t.field({
    type: [HolderRef],
    description:
      'Who had an address at an instant: an IPv4 address, an IPv6 address or prefix, or a port of a shared address. That it ' +
      'was asked, by whom and why, is on record.',
    authScopes: { scope: 'network:sessions:read' },
    args: {
      address: t.arg.string({ required: true, description: 'Such as 203.0.113.9 or 2001:db8:7::1.' }),
      at: t.arg({ type: 'DateTime', required: true }),
      port: t.arg.int({ description: 'The source port, for an address behind carrier-grade NAT.' }),
      reason: t.arg.string({ required: true, description: 'Kept with the name of who asked.' }),
    },
    resolve: async (_root, args, { services, principal, traceId }): Promise<Holder[]> => {
      const block = parseBlock(args.address);
      if (block === null)
        throw new ValidationError('address', `"${args.address}" is no address; it looks like 203.0.113.9`);
      const reason = args.reason.trim();
      if (reason.length < 3) throw new ValidationError('reason', 'Say in a few words why it is needed');
      const port = args.port ?? null;
      if (port !== null && (port < 0 || port > 65_535))
        throw new ValidationError('port', 'A port lies between 0 and 65535');
      const { database, clock } = services;
      const { at } = args;
      const prefix = blockText(block);
      const direct = await sessionsWith(database, { prefix, port, at });
      const holders = direct.flatMap((holding) => holderOf(holding, at, null));
      if (port !== null)
        for (const nat of await cgnatBlocks(database)) {
          const inside = insideOf(nat, prefix.slice(0, prefix.indexOf('/')), port);
          if (inside === null) continue;
          const behind = await sessionsWith(database, { prefix: inside, port: null, at });
          holders.push(...behind.flatMap((holding) => holderOf(holding, at, { nat, inside })));
        }
      await database.transaction().execute((transaction) =>
        appendEvents<TenantEvents>(transaction, [
          {
            type: 'address.holders.asked',
            subject: prefix,
            payload: { address: prefix, port, at: at.toISOString(), reason, found: holders.length },
            occurredAt: clock.now(),
            actor: principal.id,
            traceId,
          },
        ]),
      );
      return holders;
    },
  }),
);

function holderOf(
  holding: Holding,
  at: Date,
  behind: { readonly nat: CgnatBlockRow; readonly inside: string } | null,
): Holder[] {
  const { startedAt, updatedAt, stoppedAt } = holding;
  const session = {
    ...holding,
    startedAt: startedAt.getTime(),
    updatedAt: updatedAt.getTime(),
    stoppedAt: stoppedAt?.getTime() ?? null,
  };
  const certainty = certaintyAt(session, at.getTime());
  if (certainty === null) return [];
  const told = `accounting from ${startedAt.toISOString()} to ${updatedAt.toISOString()}`;
  if (behind === null) {
    const { firstPort, lastPort, prefix } = holding;
    return [{ holding, certainty, firstPort, lastPort, evidence: `${prefix} by ${told}` }];
  }
  const { nat, inside } = behind;
  const ports = outsideOf(nat, inside);
  const evidence = `${inside} by ${told}, behind ${nat.outside} by the rule of ${nat.inside}`;
  return [
    { holding, certainty, firstPort: ports?.firstPort ?? 0, lastPort: ports?.lastPort ?? 65_535, evidence },
  ];
}

const CgnatBlockRef = builder.objectRef<CgnatBlockRow>('CgnatBlock').implement({
  description: 'Deterministic carrier-grade NAT (RFC 7422): every inside address has its own ports.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    inside: t.expose('inside', { type: 'CIDR' }),
    outside: t.expose('outside', { type: 'CIDR' }),
    firstPort: t.exposeInt('firstPort'),
    portsPerHost: t.exposeInt('portsPerHost'),
  }),
});

builder.queryField('cgnatBlocks', (t) =>
  t.field({
    type: [CgnatBlockRef],
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => cgnatBlocks(services.database),
  }),
);

const CreateCgnatBlockInput = builder.inputType('CreateCgnatBlockInput', {
  fields: (t) => ({
    inside: t.field({ type: 'CIDR', required: true }),
    outside: t.field({ type: 'CIDR', required: true }),
    firstPort: t.int({ description: '1024 when left out.' }),
    portsPerHost: t.int({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('createCgnatBlock', (t) =>
  t.field({
    type: CgnatBlockRef,
    description: 'Tells of a rule that the NAT keeps already; nothing is configured.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: CreateCgnatBlockInput, required: true }) },
    resolve: async (_root, { input }, { services }) => {
      const canonical = (text: string) => {
        const block = parseBlock(text);
        return block === null ? text : blockText(block);
      };
      const block = checkCgnatBlock({
        inside: canonical(input.inside),
        outside: canonical(input.outside),
        firstPort: input.firstPort ?? 1024,
        portsPerHost: input.portsPerHost,
      });
      const row = await services.database.transaction().execute((transaction) =>
        insertCgnatBlock(transaction, {
          ...block,
          id: newId('cgn', services.clock),
          createdAt: new Date(services.clock.now()),
        }),
      );
      if (row === null)
        throw new ConflictError('CGNAT_OVERLAP', `Another block uses addresses of ${block.outside}`);
      return row;
    },
  }),
);
