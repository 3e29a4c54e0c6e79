import { expect, test } from 'vitest';
import { eventually } from '../client.ts';
import { shared } from '../shared.ts';

const { tenant } = shared();
const alpha = tenant('alpha');

interface Answer {
  readonly tenant: { readonly slug: string; readonly partner: { readonly name: string } | null };
  readonly customers: {
    readonly edges: readonly {
      readonly node: {
        readonly name: string;
        readonly balance: { readonly amount: string; readonly currency: string };
        readonly services: readonly {
          readonly state: string;
          readonly plan: { readonly name: string; readonly price: { readonly amount: string } };
          readonly access: {
            readonly username: string;
            readonly address: string;
            readonly device: { readonly name: string } | null;
            readonly session: { readonly address: string } | null;
          };
        }[];
      };
    }[];
  };
}

test('one query answers from subscribers, billing, network and partners', async () => {
  const [login] = alpha.logins;
  const ada = alpha.logins.find(({ username }) => username === 'ada') ?? login;
  await alpha.lab.login(ada?.username ?? '', ada?.password ?? '');
  const answer = await eventually(
    () =>
      alpha.owner.data<Answer>(`{
        tenant { slug partner { name } }
        customers(first: 3) { edges { node {
          name
          balance { amount currency }
          services { state plan { name price { amount } } access { username address device { name } session { address } } }
        } } }
      }`),
    ({ customers }) => customers.edges[0]?.node.services[0]?.access.session != null,
  );
  expect(answer.tenant).toEqual({ slug: 'alpha', partner: { name: 'Tower Supply' } });
  const [first] = answer.customers.edges.map(({ node }) => node);
  expect(first).toMatchObject({ name: 'Ada Lovelace', balance: { currency: 'CAD' } });
  const [service] = first?.services ?? [];
  expect(service).toMatchObject({ state: 'ACTIVE', plan: { name: 'Home 100', price: { amount: '6500' } } });
  expect(service?.access).toMatchObject({ username: 'ada', device: { name: 'tower-router' } });
  expect(service?.access.session?.address).toBe(service?.access.address);
});
