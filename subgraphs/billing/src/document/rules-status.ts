export const invoiceStates = ['OPEN', 'PART_PAID', 'PAID', 'WRITTEN_OFF'] as const;
export type InvoiceState = (typeof invoiceStates)[number];

/** From what is left of it, and what of it stands written off. An invoice over nothing is paid from the start. */
export function invoiceState(gross: bigint, open: bigint, writtenOff = 0n): InvoiceState {
  if (open === 0n) return writtenOff > 0n ? 'WRITTEN_OFF' : 'PAID';
  return open < gross ? 'PART_PAID' : 'OPEN';
}
