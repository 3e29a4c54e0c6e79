import { expectResult, type GraphClient } from '../graph-client.ts';
import type { FileSecrets } from '../secrets/file-secrets.ts';
import { type SignedIn, signIn } from './tenants.ts';

const partnerEmail = 'partner@towersupply.localhost';

/** The demo's partner, signed in; made when it is not there. */
export async function seedPartner(
  operator: GraphClient,
  anybody: GraphClient,
  password: string,
): Promise<SignedIn> {
  const known = await operator.ask<{ partners: { edges: { node: { id: string; name: string } }[] } }>(
    '{ partners(first: 100) { edges { node { id name } } } }',
  );
  const name = 'Tower Supply';
  if (!known.partners.edges.some(({ node }) => node.name === name)) {
    const registered = await operator.ask<{ registerPartner: { __typename: string; id: string } }>(
      'mutation ($input: RegisterPartnerInput!) { registerPartner(input: $input) { __typename ... on Partner { id } ... on Failure { code message } } }',
      { input: { name, kind: 'VENDOR', email: partnerEmail, salesRateBasisPoints: 1500 } },
    );
    const partnerId = expectResult(registered.registerPartner, 'Partner').id;
    const joined = await operator.ask<{ addPartnerMember: { __typename: string } }>(
      'mutation ($input: AddPartnerMemberInput!) { addPartnerMember(input: $input) { __typename ... on Failure { code message } } }',
      { input: { partnerId, email: partnerEmail, name: 'Pat of Tower Supply', password } },
    );
    expectResult(joined.addPartnerMember, 'PartnerMember');
  }
  return signIn(anybody, partnerEmail, password);
}

/** An approved lead of the partner for an ISP; the id goes into the request for the tenant. */
export async function approvedLead(
  partner: GraphClient,
  operator: GraphClient,
  company: string,
  email: string,
): Promise<string> {
  const registered = await partner.ask<{ registerLead: { __typename: string; id: string } }>(
    'mutation ($input: RegisterLeadInput!) { registerLead(input: $input) { __typename ... on Lead { id } ... on Failure { code message } } }',
    { input: { company, email } },
  );
  const leadId = expectResult(registered.registerLead, 'Lead').id;
  const approved = await operator.ask<{ approveLead: { __typename: string } }>(
    'mutation ($input: ApproveLeadInput!) { approveLead(input: $input) { __typename ... on Failure { code message } } }',
    { input: { leadId } },
  );
  expectResult(approved.approveLead, 'Lead');
  return leadId;
}

export function partnerApiKey(partner: GraphClient, secrets: FileSecrets): Promise<string> {
  return secrets.ensure('platform', 'demo-partner-key', async () => {
    const data = await partner.ask<{ createApiKey: { __typename: string; text: string } }>(
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename ... on CreatedApiKey { text } ... on Failure { code message } } }',
      { input: { name: 'demo partner', scopes: ['partner:read', 'partner:write'] } },
    );
    return expectResult(data.createApiKey, 'CreatedApiKey').text;
  });
}
