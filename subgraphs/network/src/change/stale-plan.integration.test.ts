import { rm } from 'node:fs/promises';
import { TestAuthority } from '@dotmac/radius/certificates';
import { installed } from '@dotmac/radius/free-radius';
import { ProfileShelf } from '@dotmac/snmp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import { type PlanCase, planCases } from '../testing/plan-cases.ts';

interface TypeReference {
  readonly name: string | null;
  readonly ofType: { readonly name: string | null } | null;
}
interface Schema {
  readonly __schema: {
    readonly mutationType: {
      readonly fields: readonly {
        readonly name: string;
        readonly args: readonly { readonly type: TypeReference }[];
        readonly type: TypeReference;
      }[];
    };
    readonly types: readonly {
      readonly name: string;
      readonly inputFields: readonly { readonly name: string }[] | null;
      readonly fields: readonly { readonly name: string }[] | null;
      readonly possibleTypes: readonly { readonly name: string }[] | null;
    }[];
  };
}
const introspection = `{ __schema {
  mutationType { fields { name args { type { name ofType { name } } } type { name ofType { name } } } }
  types { name inputFields { name } fields { name } possibleTypes { name } } } }`;
/** What every plan has beside what is wanted. */
const ofThePlan = new Set(['mode', 'fingerprint', 'clientMutationId']);

describe.skipIf(!installed('openssl', 'version'))('an APPLY is of the plan that was seen', () => {
  let isp: TestNetwork;
  let authority: TestAuthority;
  let cases: Record<string, readonly PlanCase[]>;
  const planned = new Map<string, { readonly fields: readonly string[]; readonly selection: string }>();

  beforeAll(async () => {
    authority = await TestAuthority.create();
    isp = await startTestNetwork(undefined, { profiles: new ProfileShelf() });
    const { __schema } = await isp.tenant.data<Schema>('network', introspection);
    const typeOf = ({ name, ofType }: TypeReference) =>
      __schema.types.find((type) => type.name === (name ?? ofType?.name));
    for (const { name, args, type } of __schema.mutationType.fields) {
      const fields = typeOf(args[0]?.type ?? { name: '', ofType: null })?.inputFields?.map(
        (field) => field.name,
      );
      if (fields?.includes('mode') !== true || !fields.includes('fingerprint')) continue;
      const result = typeOf(type)?.possibleTypes?.find((possible) =>
        typeOf({ name: possible.name, ofType: null })?.fields?.some((field) => field.name === 'fingerprint'),
      );
      const wanted = fields.filter((field) => !ofThePlan.has(field));
      planned.set(name, { fields: wanted, selection: `... on ${result?.name} { fingerprint }` });
    }
    cases = await planCases(isp, authority, applied);
  });
  afterAll(async () => {
    await isp?.[Symbol.asyncDispose]();
    if (authority !== undefined) await rm(authority.folder, { recursive: true, force: true });
  });

  async function ask(field: string, input: object): Promise<Record<string, unknown>> {
    return isp.mutate(field, input, planned.get(field)?.selection ?? '');
  }
  async function applied(field: string, input: object): Promise<void> {
    const { fingerprint } = await ask(field, { ...input, mode: 'PLAN' });
    const answer = await ask(field, { ...input, mode: 'APPLY', fingerprint });
    expect(answer, JSON.stringify([field, answer])).toHaveProperty('fingerprint');
  }

  test('each PLAN mutation of the network is tried, with each field of its input', () => {
    const tried = Object.entries(cases).map(([field, of]) => [
      field,
      [
        ...new Set(of.flatMap(({ changes }) => Object.keys(changes)).map((path) => path.split('.')[0])),
      ].sort(),
    ]);
    const there = [...planned].map(([field, { fields }]) => [field, [...fields].sort()]);
    expect(Object.fromEntries(tried)).toEqual(Object.fromEntries(there));
  });

  test('with any field changed it is refused as stale, and the plan stays what it was', async () => {
    const found: Record<string, unknown> = {};
    const all = Object.entries(cases).flatMap(([field, of]) => of.map((one) => [field, one] as const));
    for (const [field, { input, changes }] of all) {
      const plan = await ask(field, { ...input, mode: 'PLAN' });
      if (typeof plan.fingerprint !== 'string') found[field] = plan;
      const { fingerprint } = plan;
      for (const [path, change] of Object.entries(changes)) {
        const answer = await ask(field, { ...input, ...change, mode: 'APPLY', fingerprint });
        if (answer.__typename !== 'StalePlanError') found[`${field} ${path}`] = answer;
      }
      const again = await ask(field, { ...input, mode: 'PLAN' });
      if (again.fingerprint !== fingerprint) found[`${field} again`] = again;
    }
    expect(found).toEqual({});
  });
});
