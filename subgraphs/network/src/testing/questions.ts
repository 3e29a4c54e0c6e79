import type { TestRuntime } from '@dotmac/harness';
import type { TenantDatabase } from '@dotmac/migrations';
import type { TenantEvents } from '@dotmac/schema';

export interface AccessAnswer {
  readonly username: string;
  readonly address: string | null;
  readonly mode: string;
  readonly device: { readonly name: string } | null;
  readonly session: {
    readonly id: string;
    readonly live: boolean;
    readonly downstreamOctets: string;
    readonly upstreamOctets: string;
  } | null;
}

export interface ChangeAnswer {
  readonly id: string;
  readonly mode: string;
  readonly state: string;
  readonly evidence: string;
  readonly steps: readonly {
    readonly kind: string;
    readonly protocol: string;
    readonly command: string | null;
    readonly ok: boolean;
    readonly message: string;
  }[];
}

/** What tests ask the subgraph again and again. */
export function questions(tenant: TestRuntime<TenantDatabase, TenantEvents>) {
  const accessFields =
    'username address mode device { name } session { id live downstreamOctets upstreamOctets }';
  const changesOf = async (serviceId: string) =>
    (
      await tenant.data<{ accessChanges: { edges: { node: ChangeAnswer }[] } }>(
        'network',
        `query ($id: ID!) { accessChanges(serviceId: $id) { edges { node {
          id mode state evidence steps { kind protocol command ok message } } } } }`,
        { id: serviceId },
      )
    ).accessChanges.edges.map((edge) => edge.node);
  return {
    changesOf,
    async accessOf(serviceId: string) {
      const data = await tenant.data<{ _entities: [{ access: AccessAnswer | null }] }>(
        'network',
        `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { access { ${accessFields} } } } }`,
        { r: [{ __typename: 'Service', id: serviceId }] },
      );
      return data._entities[0].access;
    },
    async settled(serviceId: string, count: number) {
      const [newest] = await tenant.eventually(
        () => changesOf(serviceId),
        (list) => list.length >= count && !['REQUESTED', 'APPLIED'].includes(list[0]?.state ?? 'REQUESTED'),
      );
      if (newest === undefined) throw new Error('There is no change');
      return newest;
    },
    async explain(username: string, password?: string) {
      const data = await tenant.data<{
        explainLogin: { decision: string; reason: string | null; steps: { fact: string }[] };
      }>(
        'network',
        `query ($username: String!, $password: String) {
          explainLogin(username: $username, nasAddress: "127.0.0.1", password: $password) {
            decision reason steps { check passed fact } } }`,
        { username, password },
      );
      return data.explainLogin;
    },
  };
}
