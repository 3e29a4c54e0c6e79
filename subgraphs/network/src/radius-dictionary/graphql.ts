import { appendEvents } from '@dotmac/platform';
import {
  ConflictError,
  NotFoundError,
  requireFingerprint,
  StalePlanError,
  type TenantEvents,
  ValidationError,
} from '@dotmac/schema';
import { builder } from '../builder.ts';
import { fingerprintOf } from '../change/apply.ts';
import { ChangeModeEnum } from '../types.ts';
import { additionOf, checkName, checkRemoval, type NamedText } from './rules.ts';
import { allDictionaries, dropDictionary, keepDictionary, lockDictionaries } from './store.ts';
import {
  type AddDictionaryResult,
  AddDictionaryResultRef,
  DictionaryRef,
  type RemoveDictionaryResult,
  RemoveDictionaryResultRef,
} from './type.ts';

builder.queryField('radiusDictionaries', (t) =>
  t.field({
    type: [DictionaryRef],
    description: 'Those the tenant added, in the order in which each stands on those before it.',
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => allDictionaries(services.database),
  }),
);

const AddInput = builder.inputType('AddRadiusDictionaryInput', {
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    name: t.string({
      required: true,
      description: 'Such as dictionary.acme. One of the same name gives way.',
    }),
    text: t.string({
      required: true,
      description: 'In the syntax of FreeRADIUS 3, without $INCLUDE; at most 192 KiB.',
    }),
    clientMutationId: t.string(),
  }),
});

const RemoveInput = builder.inputType('RemoveRadiusDictionaryInput', {
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    name: t.string({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationFields((t) => ({
  addRadiusDictionary: t.field({
    type: AddDictionaryResultRef,
    description:
      'Names attributes that DotMac does not know, for the next packet on. Nothing that is known gets another meaning.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: AddInput, required: true }) },
    resolve: async (_root, { input }, { services, radius, policy, principal, traceId }) => {
      const { database, clock } = services;
      const { text } = input;
      const name = checkName(input.name);
      const result = await database
        .transaction()
        .execute(async (transaction): Promise<AddDictionaryResult> => {
          await lockDictionaries(transaction);
          const known = await allDictionaries(transaction);
          const addition = additionOf(radius, known, { name, text });
          const before = known.find((one) => one.name === name);
          const fingerprint = fingerprintOf(`radius-dictionary:${name}`, text, digests(known));
          const plan = { addition, replaces: before !== undefined, fingerprint, dictionary: null };
          if (input.mode === 'PLAN') return plan;
          if (requireFingerprint(input.fingerprint) !== fingerprint) throw new StalePlanError();
          const vendors = addition.vendors.map((vendor) => vendor.name);
          const attributes = addition.attributes.length;
          const dictionary = {
            name,
            place: before?.place ?? (known.at(-1)?.place ?? 0) + 1,
            text,
            vendors,
            attributes,
            addedBy: principal.id,
            addedAt: new Date(clock.now()),
          };
          await keepDictionary(transaction, dictionary);
          await appendEvents<TenantEvents>(transaction, [
            {
              type: 'radius.dictionary.added',
              subject: name,
              payload: { name, vendors, attributes },
              occurredAt: clock.now(),
              actor: principal.id,
              traceId,
            },
          ]);
          return { ...plan, dictionary };
        });
      if (input.mode === 'APPLY') await policy.dictionaries.load();
      return result;
    },
  }),
  removeRadiusDictionary: t.field({
    type: RemoveDictionaryResultRef,
    description: 'Its attributes are shown by their numbers again.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError, StalePlanError, ValidationError] },
    args: { input: t.arg({ type: RemoveInput, required: true }) },
    resolve: async (_root, { input }, { services, radius, policy, principal, traceId }) => {
      const { database, clock } = services;
      const result = await database
        .transaction()
        .execute(async (transaction): Promise<RemoveDictionaryResult> => {
          await lockDictionaries(transaction);
          const known = await allDictionaries(transaction);
          const dictionary = known.find(({ name }) => name === input.name);
          if (dictionary === undefined) throw new NotFoundError('RadiusDictionary', input.name);
          const { name } = dictionary;
          checkRemoval(radius, known, name);
          const fingerprint = fingerprintOf(`radius-dictionary:${name}`, 'removed', digests(known));
          if (input.mode === 'PLAN') return { dictionary, fingerprint };
          if (requireFingerprint(input.fingerprint) !== fingerprint) throw new StalePlanError();
          await dropDictionary(transaction, name);
          await appendEvents<TenantEvents>(transaction, [
            {
              type: 'radius.dictionary.removed',
              subject: name,
              payload: { name },
              occurredAt: clock.now(),
              actor: principal.id,
              traceId,
            },
          ]);
          return { dictionary, fingerprint };
        });
      if (input.mode === 'APPLY') await policy.dictionaries.load();
      return result;
    },
  }),
}));

/** Over all there are: a plan holds while none of them changes. */
function digests(known: readonly NamedText[]): string[] {
  return known.map(({ name, text }) => fingerprintOf(name, text, []));
}
