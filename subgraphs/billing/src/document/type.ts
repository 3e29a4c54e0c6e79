import { builder } from '../builder.ts';
import type { Explanation } from '../explanation/rules.ts';
import { invoiceStates } from './rules-status.ts';
import type { Document, DocumentLine, DocumentTax } from './store.ts';

export const InvoiceRef = builder.objectRef<Document>('Invoice');
export const CreditNoteRef = builder.objectRef<Document>('CreditNote');
export const DocumentLineRef = builder.objectRef<DocumentLine>('DocumentLine');
export const DocumentTaxRef = builder.objectRef<DocumentTax>('DocumentTax');
export const ExplanationRef = builder.objectRef<Explanation>('Explanation');
export const InvoiceStateEnum = builder.enumType('InvoiceState', { values: invoiceStates });
export const LineKindEnum = builder.enumType('LineKind', {
  values: {
    RECURRING: { value: 'recurring' },
    CREDIT: { value: 'credit' },
    USAGE: { value: 'usage' },
    ONE_OFF: { value: 'oneOff' },
    ADJUSTMENT: { value: 'adjustment' },
  },
} as const);
