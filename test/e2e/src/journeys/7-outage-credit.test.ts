import { expect, test } from 'vitest';
import { eventually } from '../client.ts';
import { newSubscriber, shared } from '../shared.ts';

const bravo = shared().tenant('bravo');
/** Several polls of a silent device, on a busy machine. */
const patienceSeconds = 60;
const patient = { timeout: 240_000 };

/** A million a month: an outage of seconds is worth more than a cent on every day of every month. */
const plan = {
  name: 'Outage credit',
  terms: {
    price: { amount: '100000000', currency: 'USD' },
    shaping: {
      downstream: { speedBitsPerSecond: '50000000' },
      upstream: { speedBitsPerSecond: '10000000' },
    },
  },
};
const setPolicy = (minimumMinutes: number, percent: string) =>
  bravo.owner.data<{ setOutageCreditPolicy: { __typename: string } }>(
    'mutation ($input: SetOutageCreditPolicyInput!) { setOutageCreditPolicy(input: $input) { __typename ... on Failure { message } } }',
    { input: { minimumMinutes, percent } },
  );

interface Invoices {
  readonly issueInvoice: {
    readonly fingerprint: string;
    readonly invoices: readonly { readonly id: string; readonly number: string }[];
  };
}
/** The first bill of a customer. */
async function bill(customerId: string): Promise<string> {
  const issue = `mutation ($input: IssueInvoiceInput!) { issueInvoice(input: $input) {
    ... on InvoicePreview { fingerprint } ... on InvoicesIssued { invoices { id number } } ... on Failure { code message } } }`;
  const planned = await bravo.owner.data<Invoices>(issue, { input: { customerId, mode: 'PLAN' } });
  const { fingerprint } = planned.issueInvoice;
  const issued = await bravo.owner.data<Invoices>(issue, {
    input: { customerId, mode: 'APPLY', fingerprint },
  });
  const [invoice] = issued.issueInvoice.invoices;
  if (invoice === undefined) throw new Error('Nothing was issued');
  return invoice.number;
}

interface Credit {
  readonly id: string;
  readonly state: string;
  readonly downSeconds: string;
  readonly service: { readonly id: string };
}
interface IncidentSeen {
  readonly id: string;
  readonly state: string;
  readonly outageCredits: readonly Credit[];
}
async function incidents(): Promise<readonly IncidentSeen[]> {
  const answer = await bravo.owner.data<{ incidents: { edges: { node: IncidentSeen }[] } }>(
    '{ incidents(first: 20) { edges { node { id state outageCredits { id state downSeconds service { id } } } } } }',
  );
  return answer.incidents.edges.map(({ node }) => node);
}

interface Line {
  readonly description: string;
  readonly net: { readonly amount: string };
  readonly explain: {
    readonly rule: string;
    readonly inputs: readonly { readonly name: string; readonly value: string }[];
    readonly facts: readonly { readonly name: string; readonly value: string }[];
  };
}
interface Approval {
  readonly approveOutageCredits: {
    readonly __typename: string;
    readonly message?: string;
    readonly fingerprint: string;
    readonly documents: readonly { readonly lines: readonly Line[] }[];
    readonly credits: readonly {
      readonly state: string;
      readonly creditNote: { readonly credits: { readonly number: string }; readonly lines: readonly Line[] };
    }[];
  };
}
const lineFields = 'description net { amount } explain { rule inputs { name value } facts { name value } }';
const approveDocument = `mutation ($input: ApproveOutageCreditsInput!) { approveOutageCredits(input: $input) { __typename
  ... on OutageCreditsPreview { fingerprint documents { lines { ${lineFields} } } }
  ... on OutageCreditsApproved { credits { state creditNote { credits { number } lines { ${lineFields} } } } }
  ... on Failure { code message } } }`;
const approve = (id: string, fingerprint: string | null) =>
  bravo.owner
    .data<Approval>(approveDocument, {
      input: { ids: [id], mode: fingerprint === null ? 'PLAN' : 'APPLY', fingerprint },
    })
    .then((data) => data.approveOutageCredits);

/** What the line says of itself, recomputed: the share of the charged time, half a cent and more rounded up. */
function owed({ explain }: Line): bigint {
  const input = (name: string) => BigInt(explain.inputs.find((one) => one.name === name)?.value ?? '');
  const numerator = input('charged') * input('downSeconds') * input('percent');
  const denominator = input('days') * 86_400n * 100n;
  return (2n * numerator + denominator) / (2n * denominator);
}

test(
  'a confirmed outage becomes a proposed credit, and approved a line that names the incident',
  patient,
  async () => {
    await bravo.owner.data(
      'mutation ($input: CreatePlanInput!) { createPlan(input: $input) { __typename ... on Failure { code message } } }',
      { input: plan },
    );
    const { customerId, serviceId, password } = await newSubscriber(bravo.owner, 'blackout', plan.name);
    const invoice = await bill(customerId);
    await bravo.lab.login('blackout', password);
    await setPolicy(0, '100');
    const known = new Set((await incidents()).map(({ id }) => id));
    try {
      try {
        await bravo.lab.power('off');
        await eventually(
          incidents,
          (seen) => seen.some(({ id, state }) => !known.has(id) && state === 'CONFIRMED'),
          patienceSeconds,
        );
      } finally {
        await bravo.lab.power('on');
      }
      // Proposed once it is over, for a service that was in use; nobody has been credited yet.
      const creditsOf = (seen: readonly IncidentSeen[]) =>
        seen
          .filter(({ id }) => !known.has(id))
          .flatMap(({ id: incidentId, outageCredits }) =>
            outageCredits
              .filter(({ service }) => service.id === serviceId)
              .map((credit) => ({ ...credit, incidentId })),
          );
      const proposed = await eventually(
        () => incidents().then(creditsOf),
        ([credit]) => credit !== undefined,
        patienceSeconds,
      );
      const [credit] = proposed;
      if (credit === undefined) throw new Error('Nothing was proposed');
      expect(credit.state).toBe('PROPOSED');

      // The NOC, which confirmed it, gives no money away.
      const refused = await bravo.noc.ask(approveDocument, { input: { ids: [credit.id], mode: 'PLAN' } });
      expect(refused.errors?.[0]?.extensions?.code).toBe('FORBIDDEN');

      const preview = await approve(credit.id, null);
      expect(preview).toMatchObject({ __typename: 'OutageCreditsPreview' });
      // What is stored comes back in another order of names: the line is told by its words and its money.
      const { description, net } = preview.documents[0]?.lines[0] ?? {};
      const approved = await approve(credit.id, preview.fingerprint);
      expect(approved).toMatchObject({
        credits: [
          { state: 'APPROVED', creditNote: { credits: { number: invoice }, lines: [{ description, net }] } },
        ],
      });
      const [line] = approved.credits[0]?.creditNote.lines ?? [];
      if (line === undefined) throw new Error('The credit note has no line');
      expect(line.description).toContain(credit.incidentId);
      expect(line.explain.facts).toContainEqual({ name: 'incident', value: credit.incidentId });
      expect(line.explain.inputs).toContainEqual({ name: 'downSeconds', value: credit.downSeconds });
      expect(owed(line)).toBeGreaterThan(0n);
      expect(BigInt(line.net.amount)).toBe(-owed(line));

      // Once: neither the same word again nor a new plan gives it twice.
      for (const fingerprint of [preview.fingerprint, null])
        expect(await approve(credit.id, fingerprint)).toMatchObject({ __typename: 'ValidationError' });
    } finally {
      await setPolicy(60, '100');
    }
  },
);
