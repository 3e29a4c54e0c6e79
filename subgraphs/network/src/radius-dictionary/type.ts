import type { DictionaryAddition } from '@dotmac/radius';
import { builder } from '../builder.ts';
import type { StoredDictionary } from './store.ts';

export const DictionaryRef = builder.objectRef<StoredDictionary>('RadiusDictionary').implement({
  description:
    'Names of RADIUS attributes that the tenant added to those DotMac brings, in the syntax of FreeRADIUS.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    name: t.exposeID('name'),
    text: t.exposeString('text'),
    vendors: t.exposeStringList('vendors', { description: 'That it added.' }),
    attributeCount: t.exposeInt('attributes', { description: 'That it added.' }),
    addedBy: t.exposeString('addedBy'),
    addedAt: t.field({ type: 'DateTime', resolve: ({ addedAt }) => addedAt }),
    problem: t.string({
      nullable: true,
      description: 'Why it is not used, as when DotMac itself has come to know a number by another name.',
      resolve: ({ name }, _args, { policy }) => policy.dictionaries.problemOf(name),
    }),
  }),
});

const VendorRef = builder
  .objectRef<DictionaryAddition['vendors'][number]>('RadiusDictionaryVendor')
  .implement({
    fields: (t) => ({
      name: t.exposeString('name'),
      number: t.exposeInt('number', { description: "Its private enterprise number, IANA's." }),
    }),
  });

const AttributeRef = builder
  .objectRef<DictionaryAddition['attributes'][number]>('RadiusDictionaryAttribute')
  .implement({
    fields: (t) => ({
      name: t.exposeString('name'),
      oid: t.exposeString('oid', { description: 'Its numbers from the outside in: 26.14988.8.' }),
      type: t.exposeString('type', { description: 'Of RFC 8044, as FreeRADIUS calls it.' }),
    }),
  });

export interface AddDictionaryResult {
  readonly addition: DictionaryAddition;
  readonly replaces: boolean;
  readonly fingerprint: string;
  readonly dictionary: StoredDictionary | null;
}

export const AddDictionaryResultRef = builder
  .objectRef<AddDictionaryResult>('AddRadiusDictionaryResult')
  .implement({
    fields: (t) => ({
      vendors: t.field({
        type: [VendorRef],
        description: 'That were not known.',
        resolve: ({ addition }) => [...addition.vendors],
      }),
      attributes: t.field({
        type: [AttributeRef],
        description: 'That were not known, other names of one number included.',
        resolve: ({ addition }) => [...addition.attributes],
      }),
      valueCount: t.int({
        description: 'Names of values, also of attributes that are known.',
        resolve: ({ addition }) => addition.values,
      }),
      replaces: t.exposeBoolean('replaces', { description: 'There is one of this name; it gives way.' }),
      fingerprint: t.exposeString('fingerprint'),
      dictionary: t.field({
        type: DictionaryRef,
        nullable: true,
        description: 'Of APPLY.',
        resolve: ({ dictionary }) => dictionary,
      }),
    }),
  });

export interface RemoveDictionaryResult {
  readonly dictionary: StoredDictionary;
  readonly fingerprint: string;
}

export const RemoveDictionaryResultRef = builder
  .objectRef<RemoveDictionaryResult>('RemoveRadiusDictionaryResult')
  .implement({
    fields: (t) => ({
      dictionary: t.expose('dictionary', { type: DictionaryRef, description: 'That goes, or is gone.' }),
      fingerprint: t.exposeString('fingerprint'),
    }),
  });
