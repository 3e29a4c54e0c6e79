import { everyScope, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { PlatformDatabase } from '@dotmac/migrations';
import type { PlatformEvents, Principal } from '@dotmac/schema';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { partners } from '../index.ts';
import { actingFor, partnersAtWork } from '../testing.ts';
import { statementHash } from './rules.ts';
import { linesOfStatements, statementsById } from './store.ts';

const day = 86_400_000;
let platform: TestRuntime<PlatformDatabase, PlatformEvents>;
beforeAll(async () => {
  platform = await startTestRuntime<PlatformDatabase, PlatformEvents>('platform', (services) => [
    partners(services),
  ]);
});
afterAll(() => platform[Symbol.asyncDispose]());
const { ask, registerPartner, registerLead, approveLead, tenantCameToLife, pay, takeBack } = partnersAtWork(
  () => platform,
);

/** A partner with a live tenant that earns. */
async function partnerWithTenant(name: string): Promise<{ partnerId: string; tenantId: string }> {
  const partnerId = await registerPartner(`${name}@partner.example`);
  const lead = await registerLead(partnerId, `${name}@isp.example`);
  await approveLead(lead.id);
  const tenantId = `ten_${name}`;
  await tenantCameToLife(tenantId, lead.id);
  await platform.eventually(
    () => pay(`pay_${name}_0`, tenantId, '0'),
    (amount) => amount !== null,
  );
  return { partnerId, tenantId };
}

/** Goes to the first noon of a month at least 31 days on, when all that was earned so far can be paid out. */
async function goOn(): Promise<string> {
  const now = platform.services.clock.now();
  const then = new Date(now + 31 * day);
  const noon = Date.UTC(then.getUTCFullYear(), then.getUTCMonth() + 1, 1, 12);
  await platform.services.advanceClock(noon - now);
  return new Date(noon).toISOString().slice(0, 10);
}

const issueDocument = `mutation ($input: IssueCommissionStatementsInput!) { issueCommissionStatements(input: $input) { __typename
  ... on CommissionStatementRun { fingerprint due { partnerId entries opening { amount } payable { amount } } issued { id number state } }
  ... on ValidationError { field message } } }`;
interface Run {
  readonly __typename: string;
  readonly fingerprint: string;
  readonly field?: string;
  readonly due: readonly {
    readonly partnerId: string;
    readonly entries: number;
    readonly payable: { amount: string };
  }[];
  readonly issued: readonly { readonly id: string; readonly number: number; readonly state: string }[];
}
const issue = (until: string, fingerprint: string | null) =>
  ask<{ issueCommissionStatements: Run }>(
    issueDocument,
    { input: { until, mode: fingerprint === null ? 'PLAN' : 'APPLY', fingerprint } },
    everyScope,
  ).then((data) => data.issueCommissionStatements);
const planAndIssue = async (until: string) => issue(until, (await issue(until, null)).fingerprint);

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly payable: { readonly amount: string };
  readonly [field: string]: unknown;
}
const shown = (principal: Principal) =>
  ask<{ viewerPartner: { commissionStatements: Shown[] } }>(
    `{ viewerPartner { commissionStatements { id number state opening { amount } earned { amount } takenBack { amount }
      payable { amount } carried { amount } lines { kind amount { amount } } } } }`,
    {},
    principal,
  ).then((data) => data.viewerPartner.commissionStatements);

const approve = (statementId: string) =>
  ask<{ approveCommissionStatement: { __typename: string; state?: string; reason?: string } }>(
    `mutation ($input: ApproveCommissionStatementInput!) { approveCommissionStatement(input: $input) { __typename
      ... on CommissionStatement { state } ... on ConflictError { reason } } }`,
    { input: { statementId } },
    everyScope,
  ).then((data) => data.approveCommissionStatement);

const payOut = (statementId: string, reference: string, fingerprint: string | null) =>
  ask<{ payCommissionStatement: { __typename: string; fingerprint: string; reason?: string } }>(
    `mutation ($input: PayCommissionStatementInput!) { payCommissionStatement(input: $input) { __typename
      ... on CommissionPayout { fingerprint statement { state reference } } ... on ConflictError { reason } } }`,
    { input: { statementId, reference, mode: fingerprint === null ? 'PLAN' : 'APPLY', fingerprint } },
    everyScope,
  ).then((data) => data.payCommissionStatement);

const amount = (value: string) => ({ amount: value });

test('a month is stated, approved and paid; what is below the minimum or was taken back is carried', async () => {
  const { partnerId, tenantId } = await partnerWithTenant('november');
  const viewer = actingFor(partnerId);
  await pay('pay_n1', tenantId, '20000');
  expect(await issue('2026-11-02', null)).toMatchObject({
    __typename: 'ValidationError',
    field: 'input.until',
  });
  const first = await goOn();

  // 30.00 is below the agreed 50.00.
  expect((await planAndIssue(first)).issued).toEqual([
    { id: expect.any(String), number: 1, state: 'CARRIED' },
  ]);
  await pay('pay_n2', tenantId, '40000');
  const second = await goOn();
  const [statement] = (await planAndIssue(second)).issued;
  if (statement === undefined) throw new Error('Nothing was issued');
  expect(statement).toMatchObject({ number: 2, state: 'ISSUED' });
  expect((await shown(viewer))[0]).toMatchObject({
    opening: amount('3000'),
    earned: amount('6000'),
    payable: amount('9000'),
    carried: amount('0'),
    lines: [{ kind: 'PAYMENT', amount: amount('6000') }],
  });

  // Paid only once it is approved, as planned, and once.
  expect(await payOut(statement.id, 'SEPA-1', null)).toMatchObject({ reason: 'NOT_APPROVED' });
  expect(await approve(statement.id)).toMatchObject({ state: 'APPROVED' });
  const { fingerprint } = await payOut(statement.id, 'SEPA-1', null);
  expect(await payOut(statement.id, 'SEPA-2', fingerprint)).toMatchObject({ __typename: 'StalePlanError' });
  const both = await Promise.all([1, 2].map(() => payOut(statement.id, 'SEPA-1', fingerprint)));
  expect(both.map((one) => one.__typename).toSorted()).toEqual(['CommissionPayout', 'ConflictError']);

  // After the payout all of it is charged back: the balance below zero is carried and netted, not debited.
  await takeBack('cbk_n1', 'pay_n1', '20000', tenantId);
  await takeBack('cbk_n2', 'pay_n2', '40000', tenantId);
  await planAndIssue(await goOn());
  const [third] = await shown(viewer);
  expect(third).toMatchObject({ state: 'CARRIED', takenBack: amount('-9000'), carried: amount('-9000') });
  expect(third?.lines).toEqual([
    { kind: 'REFUND', amount: amount('-3000') },
    { kind: 'REFUND', amount: amount('-6000') },
  ]);
  expect(await approve(third?.id ?? '')).toMatchObject({ reason: 'NOTHING_TO_PAY' });
  const { commissionBalances } = await ask<{ commissionBalances: object[] }>(
    '{ commissionBalances { earned { amount } held { amount } available { amount } paid { amount } } }',
    {},
    viewer,
  );
  expect(commissionBalances).toEqual([
    { earned: amount('0'), held: amount('0'), available: amount('-9000'), paid: amount('9000') },
  ]);

  // Each statement can be recomputed from its own lines, and names the one before.
  const ids = (await shown(viewer)).map(({ id }) => id);
  const rows = (await statementsById(platform.services.database, ids)).toSorted(
    (a, b) => a.number - b.number,
  );
  const lines = await linesOfStatements(platform.services.database, ids);
  expect(rows.map(({ previousHash }) => previousHash)).toEqual([null, rows[0]?.hash, rows[1]?.hash]);
  for (const row of rows) {
    const own = lines.filter(({ statementId }) => statementId === row.id);
    expect(statementHash(row, own)).toBe(row.hash);
  }
});

test('of runs at once one issues, and every entry is on one statement', async () => {
  const some = await Promise.all(['papa', 'quebec', 'romeo'].map(partnerWithTenant));
  for (const { tenantId } of some) await pay(`pay_${tenantId}`, tenantId, '50000');
  const until = await goOn();
  const { fingerprint, due } = await issue(until, null);
  expect(due.map(({ payable }) => payable.amount)).toEqual(['7500', '7500', '7500']);
  const runs = await Promise.all([1, 2, 3].map(() => issue(until, fingerprint)));
  expect(runs.map((run) => run.__typename).toSorted()).toEqual([
    'CommissionStatementRun',
    'StalePlanError',
    'StalePlanError',
  ]);
  const { rows } = await sql<{ stated: string; entries: string }>`
    select (select sum(payable_minor + carried_minor - opening_minor) from partners.statement)::text as stated,
      (select sum(amount_minor) from partners.commission_entry)::text as entries`.execute(
    platform.services.database,
  );
  expect(rows[0]?.stated).toBe(rows[0]?.entries);

  // What came late goes onto the next statement, never onto one of a month that is stated.
  await sql`insert into partners.commission_entry
    select 'cme_late', partner_id, tenant_id, role, source_kind, 'pay_late', 10000, 1500, 1500, currency, earned_at, available_at
    from partners.commission_entry where source_id = ${`pay_${some[0]?.tenantId}`}`.execute(
    platform.services.database,
  );
  expect((await issue(until, null)).due).toEqual([]);
  const next = await goOn();
  const late = await issue(next, null);
  expect(late.due).toMatchObject([{ partnerId: some[0]?.partnerId, entries: 1 }]);
  expect((await issue(next, late.fingerprint)).issued).toHaveLength(1);
});

test('no partner gets at the statements of another, and none issues, approves or pays', async () => {
  const { partnerId, tenantId } = await partnerWithTenant('sierra');
  await pay('pay_s1', tenantId, '100000');
  await planAndIssue(await goOn());
  const [statement] = await shown(actingFor(partnerId));
  const statementId = statement?.id ?? '';
  const other = actingFor(await registerPartner('tango@partner.example'));
  expect(await shown(other)).toEqual([]);

  // By the partner that a tenant names, as an entity.
  const entities = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Partner { name commissionStatements { id } } } }`;
  const seen = (principal: Principal) =>
    ask<{ _entities: [{ commissionStatements: object[] | null }] }>(
      entities,
      { r: [{ __typename: 'Partner', id: partnerId }] },
      principal,
    ).then((data) => data._entities[0].commissionStatements);
  expect(await seen(other)).toBeNull();
  expect(await seen({ ...actingFor(partnerId), scopes: [] })).toBeNull();
  expect(await seen(everyScope)).toHaveLength(1);

  for (const mutation of [
    `issueCommissionStatements(input: { until: "2026-01-01", mode: PLAN }) { __typename }`,
    `approveCommissionStatement(input: { statementId: "${statementId}" }) { __typename }`,
    `payCommissionStatement(input: { statementId: "${statementId}", reference: "x", mode: PLAN }) { __typename }`,
  ]) {
    for (const principal of [other, actingFor(partnerId)]) {
      const { errors } = await platform.ask('partners', `mutation { ${mutation} }`, {}, principal);
      expect(errors?.[0]?.extensions?.missingScope).toBe('platform:write');
    }
  }

  // The database itself refuses what is not the partner's, what is stated already, and every change.
  const { database } = platform.services;
  const entryOf = (await linesOfStatements(database, [statementId]))[0]?.id;
  await expect(
    sql`insert into partners.statement_line values (${entryOf}, ${statementId}, ${partnerId}, 'USD')`.execute(
      database,
    ),
  ).rejects.toThrow('statement_line_pkey');
  for (const statementText of [
    `update partners.statement set issued_by = 'somebody'`,
    `delete from partners.statement_line`,
    `truncate partners.statement_payment`,
    `update partners.agreement set sales_rate_basis_points = 2000`,
    `delete from partners.commission_entry`,
    `truncate partners.commission_entry cascade`,
  ])
    await expect(sql.raw(statementText).execute(database)).rejects.toThrow('append-only');
});
