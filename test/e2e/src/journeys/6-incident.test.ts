import { expect, test } from 'vitest';
import { eventually, subscribeWs } from '../client.ts';
import { newSubscriber, shared } from '../shared.ts';

const { tenant } = shared();
const bravo = tenant('bravo');

interface Incident {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly root: { readonly name: string };
  readonly affectedServiceCount: number;
  readonly affectedServices: {
    readonly edges: readonly {
      readonly node: {
        readonly wasOnline: boolean;
        readonly service: {
          readonly id: string;
          readonly customer: { readonly name: string };
          readonly plan: { readonly price: { readonly amount: string; readonly currency: string } };
        };
      };
    }[];
  };
  readonly evidence: readonly { readonly at: string; readonly source: string; readonly fact: string }[];
}
const open = ['SUSPECTED', 'CONFIRMED', 'CLEARING'];
const incidents = async (states: readonly string[]) =>
  (
    await bravo.owner.data<{ incidents: { edges: { node: Incident }[] } }>(
      `query ($states: [IncidentState!]) { incidents(states: $states, first: 10) { edges { node {
        id kind state root { name } affectedServiceCount evidence { at source fact }
        affectedServices(first: 100) { edges { node { wasOnline service { id customer { name } plan { price { amount currency } } } } } }
      } } } }`,
      { states },
    )
  ).incidents.edges.map(({ node }) => node);

interface Told {
  readonly networkEvents: {
    readonly __typename: string;
    readonly incident: { readonly id: string } | null;
    readonly incidentState: string;
  };
}
interface StateAnswer {
  readonly service: {
    readonly serviceState: {
      readonly rungs: readonly { readonly name: string; readonly passes: boolean | null }[];
      readonly firstFailing: { readonly name: string; readonly value: string } | null;
    };
  };
}
const stateOf = (id: string) =>
  bravo.noc.data<StateAnswer>(
    `query ($id: ID!) { service(id: $id) { serviceState {
      rungs { name value passes source observedAt freshness } firstFailing { name value } } } }`,
    { id },
  );

test('a tower without power is one incident: who is affected, what is at risk, and what it is based on', async () => {
  const { serviceId, password } = await newSubscriber(bravo.owner, 'storm', 'Home 50');
  await bravo.lab.login('storm', password);
  const fine = await eventually(
    () => stateOf(serviceId),
    ({ service }) =>
      service.serviceState.rungs.some(({ name, passes }) => name === 'SESSION' && passes === true),
  );
  expect(fine.service.serviceState.firstFailing).toBeNull();

  const stream = subscribeWs<Told>(
    bravo.owner.url,
    bravo.tokens.noc,
    `subscription { networkEvents(types: [INCIDENT_OPENED, INCIDENT_CHANGED, INCIDENT_RESOLVED]) { __typename
      ... on IncidentOpened { incident { id } incidentState }
      ... on IncidentChanged { incident { id } incidentState }
      ... on IncidentResolved { incident { id } incidentState } } }`,
  );
  await stream.begun;
  const resolved = stream.until(({ networkEvents }) => networkEvents.__typename === 'IncidentResolved');
  try {
    await bravo.lab.power('off');
    const found = await eventually(
      () => incidents(open),
      ([incident]) => incident?.state === 'CONFIRMED',
    );
    expect(found).toHaveLength(1);
    const [incident] = found;
    expect(incident).toMatchObject({ kind: 'OUTAGE', root: { name: 'tower-router' } });
    const affected = incident?.affectedServices.edges.map(({ node }) => node) ?? [];
    expect(affected).toHaveLength(incident?.affectedServiceCount ?? 0);
    const his = affected.find(({ service }) => service.id === serviceId);
    expect(his).toMatchObject({ wasOnline: true, service: { customer: { name: 'Test storm' } } });
    expect(Number(his?.service.plan.price.amount)).toBeGreaterThan(0);
    expect(incident?.evidence.map(({ fact }) => fact).join('\n')).toMatch(/without an answer/);

    const down = await eventually(
      () => stateOf(serviceId),
      ({ service }) =>
        service.serviceState.rungs.some(({ name, passes }) => name === 'ACCESS_NODE' && passes === false),
    );
    expect(down.service.serviceState.rungs.at(-1)).toMatchObject({ name: 'INCIDENT', passes: false });
  } finally {
    await bravo.lab.power('on');
  }
  expect((await resolved).networkEvents.incidentState).toBe('RESOLVED');
  await stream.close();
  expect(await incidents(open)).toEqual([]);
});
