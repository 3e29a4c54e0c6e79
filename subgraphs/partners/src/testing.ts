import { everyScope, type TestRuntime } from '@dotmac/harness';
import type { PlatformDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import { anonymous, type PlatformEvents, type Principal, scopesOf, systemPrincipal } from '@dotmac/schema';

export const actingFor = (partnerId: string): Principal => ({
  ...anonymous,
  kind: 'user',
  id: 'usr_p',
  partnerId,
  roles: ['PARTNER'],
  scopes: scopesOf(['PARTNER']),
});

/** What partners, operators and the relay do, for tests. */
export function partnersAtWork(platform: () => TestRuntime<PlatformDatabase, PlatformEvents>) {
  const relay = systemPrincipal('relay', null, []);

  async function ask<T>(query: string, variables: object, principal: Principal): Promise<T> {
    const { data, errors } = await platform().ask<T>('partners', query, { ...variables }, principal);
    if (errors !== undefined || data == null) throw new Error(JSON.stringify(errors));
    return data;
  }

  async function registerPartner(email: string): Promise<string> {
    const query = `mutation ($input: RegisterPartnerInput!) { registerPartner(input: $input) { __typename ... on Partner { id } } }`;
    const input = { name: 'Tower Supply', kind: 'VENDOR', email, salesRateBasisPoints: 1500 };
    return (await ask<{ registerPartner: { id: string } }>(query, { input }, everyScope)).registerPartner.id;
  }

  const registerLead = (partnerId: string, email: string) =>
    ask<{ registerLead: { __typename: string; id: string; reason: string } }>(
      `mutation ($input: RegisterLeadInput!) { registerLead(input: $input) { __typename ... on Lead { id } ... on ConflictError { reason } } }`,
      { input: { company: 'Charlie Net', email } },
      actingFor(partnerId),
    ).then((data) => data.registerLead);

  const approveLead = (leadId: string) =>
    ask<{ approveLead: { __typename: string; state: string } }>(
      `mutation ($input: ApproveLeadInput!) { approveLead(input: $input) { __typename ... on Lead { state } } }`,
      { input: { leadId } },
      everyScope,
    ).then((data) => data.approveLead);

  const append = (event: Parameters<typeof appendEvents<PlatformEvents>>[1][number]) =>
    platform()
      .services.database.transaction()
      .execute((transaction) => appendEvents<PlatformEvents>(transaction, [event]));

  /** What `tenants` tells when a tenant was asked for and came to life. */
  async function tenantCameToLife(tenantId: string, leadId: string | null): Promise<void> {
    const common = { subject: tenantId, occurredAt: platform().services.clock.now(), actor: 'usr_operator' };
    await append({
      ...common,
      type: 'tenant.requested',
      payload: { tenantId, slug: 'charlie', name: 'Charlie', leadId },
    });
    await append({
      ...common,
      type: 'tenant.state.changed',
      payload: { tenantId, slug: 'charlie', from: 'PROVISIONING', to: 'ACTIVE' },
    });
  }

  const pay = (paymentId: string, tenantId: string, netAmount: string) =>
    ask<{ recordTenantPayment: { amount: { amount: string } } | null }>(
      `mutation ($input: RecordTenantPaymentInput!) { recordTenantPayment(input: $input) { amount { amount } } }`,
      {
        input: {
          paymentId,
          tenantId,
          netAmount,
          currency: 'USD',
          receivedAt: new Date(platform().services.clock.now()).toISOString(),
        },
      },
      relay,
    ).then((data) => data.recordTenantPayment?.amount.amount ?? null);

  const takeBack = (returnId: string, paymentId: string, netAmount: string, tenantId = 'ten_hotel') =>
    ask<{ recordTenantReturn: { amount: { amount: string } } | null }>(
      `mutation ($input: RecordTenantReturnInput!) { recordTenantReturn(input: $input) { amount { amount } } }`,
      { input: { returnId, paymentId, tenantId, netAmount, currency: 'USD' } },
      relay,
    ).then((data) => data.recordTenantReturn?.amount.amount ?? null);

  return { ask, registerPartner, registerLead, approveLead, tenantCameToLife, pay, takeBack };
}
