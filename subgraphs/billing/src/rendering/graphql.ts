import { ConflictError } from '@dotmac/schema';
import { type BillingContext, builder } from '../builder.ts';
import type { Document } from '../document/store.ts';
import { CreditNoteRef, InvoiceRef } from '../document/type.ts';
import { brokenRules } from './rules-en16931.ts';
import { enInvoice } from './rules-model.ts';
import { type DocumentSnapshot, snapshotOfText } from './rules-snapshot.ts';
import { ublDocument } from './rules-ubl.ts';
import { paidAtIssue } from './store.ts';

interface Encoded {
  readonly mediaType: string;
  readonly fileName: string;
  readonly bytes: Uint8Array;
}

const DocumentFormatEnum = builder.enumType('DocumentFormat', {
  values: {
    PDF: {},
    UBL: { description: 'UBL 2.1 by EN 16931.' },
  },
});
const EncodedDocumentRef = builder.objectRef<Encoded>('EncodedDocument').implement({
  fields: (t) => ({
    mediaType: t.exposeString('mediaType'),
    fileName: t.exposeString('fileName'),
    base64: t.string({ resolve: ({ bytes }) => Buffer.from(bytes).toString('base64') }),
  }),
});

/** @throws ConflictError NOT_EN16931, naming the rules that the document does not keep. */
function ubl(snapshot: DocumentSnapshot, preceding: Document | null, prepaid: bigint): Uint8Array {
  const model = enInvoice(snapshot, preceding ?? undefined, prepaid);
  if (!model.ok) throw new ConflictError('NOT_EN16931', model.message);
  const broken = brokenRules(model.invoice);
  if (broken.length > 0)
    throw new ConflictError(
      'NOT_EN16931',
      `${snapshot.number} breaks ${broken.map(({ rule, message }) => `${rule} (${message})`).join('; ')}`,
    );
  return Buffer.from(ublDocument(model.invoice));
}

async function encoded(
  document: Document,
  format: 'PDF' | 'UBL',
  { loaders, services }: BillingContext,
): Promise<Encoded> {
  const snapshot = snapshotOfText(document.snapshot);
  const { creditsDocumentId, number } = document;
  const credited = creditsDocumentId === null ? null : await loaders.document.load(creditsDocumentId);
  if (format === 'UBL') {
    const prepaid = await paidAtIssue(services.database, document);
    return {
      mediaType: 'application/xml',
      fileName: `${number}.xml`,
      bytes: ubl(snapshot, credited, prepaid),
    };
  }
  // Much code for the few who ask for a PDF: loaded with the first one.
  const { pdfDocument } = await import('./pdf.ts');
  const bytes = await pdfDocument(snapshot, credited?.number);
  return { mediaType: 'application/pdf', fileName: `${number}.pdf`, bytes };
}

for (const ref of [InvoiceRef, CreditNoteRef])
  builder.objectField(ref, 'document', (t) =>
    t.field({
      type: EncodedDocumentRef,
      description: 'For people or for machines, made of the snapshot when it is asked for.',
      args: { format: t.arg({ type: DocumentFormatEnum, required: true }) },
      resolve: (document, { format }, context) => encoded(document, format, context),
    }),
  );
