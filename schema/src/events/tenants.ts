/** Appended by the subgraph `tenants` in the control plane's database. */
export interface TenantsEvents {
  /** `leadId` names the partner's lead that it came from. */
  'tenant.requested': { tenantId: string; slug: string; name: string; leadId: string | null };
  'tenant.step.progressed': {
    tenantId: string;
    jobId: string;
    step: string;
    state: 'RUNNING' | 'SUCCEEDED' | 'FAILED';
    detail: string;
  };
  'tenant.state.changed': { tenantId: string; slug: string; from: string; to: string };
  /** Its business days begin by another IANA zone from now on. */
  'tenant.timeZone.changed': { tenantId: string; from: string; to: string };
  /** The tenant's runtime answers under this base URL from now on. */
  'tenant.route.changed': { tenantId: string };
  'apiKey.created': { keyId: string; tenantId: string | null; scopes: string[] };
  'apiKey.revoked': { keyId: string };
  'trustedDocuments.registered': { tenantId: string | null; partnerId: string | null; ids: string[] };
  'membership.changed': { userId: string; tenantId: string | null };
}
