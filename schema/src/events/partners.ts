/** Appended by the subgraph `partners` in the control plane's database. */
export interface PartnersEvents {
  'partner.activated': { partnerId: string; name: string };
  'lead.registered': { leadId: string; partnerId: string; company: string };
  'lead.approved': { leadId: string; partnerId: string; protectedUntil: string };
  'lead.won': { leadId: string; partnerId: string; tenantId: string };
  'commission.earned': {
    entryId: string;
    partnerId: string;
    tenantId: string;
    amountMinor: string;
    currency: string;
    /** What it was earned by, such as a payment's id in tenant zero. */
    source: string;
  };
  'commission.stated': { statementId: string; partnerId: string; payableMinor: string; currency: string };
  'commission.paid': {
    statementId: string;
    partnerId: string;
    amountMinor: string;
    currency: string;
    /** Of the transfer. */
    reference: string;
  };
}
