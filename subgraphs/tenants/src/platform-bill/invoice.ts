import { NotFoundError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { booksOf } from './books.ts';
import type { BookedFile, BookedInvoice } from './ports.ts';
import { LineRef, money, TaxRef } from './type.ts';

/** An invoice, and whose it is: the tenant goes along so that nothing below can ask for another's. */
export interface TenantInvoice {
  readonly tenantId: string;
  readonly invoice: BookedInvoice;
}

const FormatEnum = builder.enumType('PlatformInvoiceFormat', {
  values: { PDF: {}, UBL: { description: 'UBL 2.1 by EN 16931.' } },
});
const FileRef = builder.objectRef<BookedFile>('PlatformInvoiceFile').implement({
  fields: (t) => ({
    mediaType: t.exposeString('mediaType'),
    fileName: t.exposeString('fileName'),
    base64: t.exposeString('base64'),
  }),
});

export const InvoiceRef = builder.objectRef<TenantInvoice>('PlatformInvoice').implement({
  description: 'What the operator of the platform billed the tenant for. Immutable.',
  fields: (t) => ({
    number: t.string({ description: 'Gap-free in its series.', resolve: ({ invoice }) => invoice.number }),
    issuedOn: t.field({ type: 'LocalDate', resolve: ({ invoice }) => invoice.issuedOn }),
    dueOn: t.field({ type: 'LocalDate', resolve: ({ invoice }) => invoice.dueOn }),
    from: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'The first day that any line is for.',
      resolve: ({ invoice: { lines } }) => lines.map(({ from }) => from).toSorted()[0] ?? null,
    }),
    to: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'The first day after all that lines are for.',
      resolve: ({ invoice: { lines } }) =>
        lines
          .map(({ to }) => to)
          .toSorted()
          .at(-1) ?? null,
    }),
    net: t.field({ type: 'Money', resolve: ({ invoice }) => money(invoice.net) }),
    tax: t.field({ type: 'Money', resolve: ({ invoice }) => money(invoice.tax) }),
    gross: t.field({ type: 'Money', resolve: ({ invoice }) => money(invoice.gross) }),
    open: t.field({
      type: 'Money',
      description: 'What is left to pay.',
      resolve: ({ invoice }) => money(invoice.open),
    }),
    state: t.string({
      description: 'As `InvoiceState` of the billing subgraph: OPEN, PART_PAID, PAID and so on.',
      resolve: ({ invoice }) => invoice.state,
    }),
    overdue: t.boolean({ resolve: ({ invoice }) => invoice.overdue }),
    lines: t.field({ type: [LineRef], resolve: ({ invoice }) => [...invoice.lines] }),
    taxes: t.field({ type: [TaxRef], resolve: ({ invoice }) => [...invoice.taxes] }),
    snapshot: t.string({
      description: 'Canonical JSON (RFC 8785) of what it says.',
      resolve: ({ invoice }) => invoice.snapshot,
    }),
    hash: t.string({
      description: 'SHA-256 over the hash of the number before and what this invoice says.',
      resolve: ({ invoice }) => invoice.hash,
    }),
    file: t.field({
      type: FileRef,
      args: { format: t.arg({ type: FormatEnum, required: true }) },
      resolve: async ({ tenantId, invoice: { number } }, { format }, context) => {
        const file = await booksOf(context).file(tenantId, number, format);
        if (file === null) throw new NotFoundError('PlatformInvoice', number);
        return file;
      },
    }),
  }),
});
