export const invoiceStates = ['OPEN', 'PART_PAID', 'PAID'] as const;
export type InvoiceState = (typeof invoiceStates)[number];

/** From what is left of it. An invoice over nothing is paid from the start. */
export function invoiceState(gross: bigint, open: bigint): InvoiceState {
  if (open === 0n) return 'PAID';
  return open < gross ? 'PART_PAID' : 'OPEN';
}
