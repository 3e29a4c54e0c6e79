import type { TestRuntime } from '@dotmac/harness';
import type { TenantDatabase } from '@dotmac/migrations';
import type { TenantEvents } from '@dotmac/schema';

type Answer = { readonly __typename: string; readonly message?: string; readonly fingerprint?: string };

/** Changes a rule as it is planned; @returns what it came to, a failure too. */
export async function changeAlarmRule(
  tenant: TestRuntime<TenantDatabase, TenantEvents>,
  input: object,
): Promise<Answer> {
  const ask = async (mode: object) =>
    (
      await tenant.data<{ changeAlarmRule: Answer }>(
        'network',
        `mutation ($input: ChangeAlarmRuleInput!) { changeAlarmRule(input: $input) {
          __typename ... on Failure { message } ... on AlarmEffects { fingerprint } } }`,
        { input: { ...input, ...mode } },
      )
    ).changeAlarmRule;
  const plan = await ask({ mode: 'PLAN' });
  return plan.fingerprint === undefined ? plan : ask({ mode: 'APPLY', fingerprint: plan.fingerprint });
}
