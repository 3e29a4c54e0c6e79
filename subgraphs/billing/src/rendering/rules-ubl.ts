import { formatUnits } from '@dotmac/platform/money/decimal';
import type { DocumentAmount, EnInvoice, ModelLine, Party } from './rules-model.ts';

type Attributes = Readonly<Record<string, string>>;
type Child = string | undefined;

const escaped = (text: string): string =>
  text
    // Characters that XML 1.0 cannot say at all.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

function element(name: string, children: readonly Child[], attributes: Attributes = {}): string {
  const own = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  return `<${name}${own.join('')}>${children.filter((child) => child !== undefined).join('')}</${name}>`;
}
const text = (name: string, value: string, attributes?: Attributes) =>
  element(`cbc:${name}`, [escaped(value)], attributes);
const optional = (name: string, value: string | null | undefined) =>
  value == null || value === '' ? undefined : text(name, value);

/** An invoice or credit note as UBL 2.1 (ISO/IEC 19845) in the binding of CEN/TS 16931-3-2. */
export function ublDocument(invoice: EnInvoice): string {
  const isInvoice = invoice.typeCode === '380';
  const root = isInvoice ? 'Invoice' : 'CreditNote';
  const amount = (name: string, minor: bigint) =>
    text(name, formatUnits(minor, invoice.digits), { currencyID: invoice.currency });
  const { preceding } = invoice;
  const body = element(
    root,
    [
      text('CustomizationID', invoice.specification),
      text('ID', invoice.number),
      text('IssueDate', invoice.issuedOn),
      isInvoice ? optional('DueDate', invoice.dueOn) : undefined,
      text(`${root}TypeCode`, invoice.typeCode),
      optional('Note', invoice.note),
      text('DocumentCurrencyCode', invoice.currency),
      preceding === undefined
        ? undefined
        : element('cac:BillingReference', [
            element('cac:InvoiceDocumentReference', [
              text('ID', preceding.number),
              text('IssueDate', preceding.issuedOn),
            ]),
          ]),
      element('cac:AccountingSupplierParty', [party(invoice.seller)]),
      element('cac:AccountingCustomerParty', [party(invoice.buyer)]),
      isInvoice ? paymentMeans(invoice) : undefined,
      ...invoice.allowances.map((one) => allowanceCharge(one, false, amount)),
      ...invoice.charges.map((one) => allowanceCharge(one, true, amount)),
      element('cac:TaxTotal', [
        amount('TaxAmount', invoice.tax),
        ...invoice.breakdown.map((one) =>
          element('cac:TaxSubtotal', [
            amount('TaxableAmount', one.base),
            amount('TaxAmount', one.tax),
            category('cac:TaxCategory', one.category, one.percent, one.reason),
          ]),
        ),
      ]),
      element('cac:LegalMonetaryTotal', [
        amount('LineExtensionAmount', invoice.lineTotal),
        amount('TaxExclusiveAmount', invoice.exclusive),
        amount('TaxInclusiveAmount', invoice.inclusive),
        invoice.allowances.length === 0
          ? undefined
          : amount('AllowanceTotalAmount', total(invoice.allowances)),
        invoice.charges.length === 0 ? undefined : amount('ChargeTotalAmount', total(invoice.charges)),
        invoice.prepaid === 0n ? undefined : amount('PrepaidAmount', invoice.prepaid),
        amount('PayableAmount', invoice.payable),
      ]),
      ...invoice.lines.map((line) => documentLine(line, isInvoice, amount)),
    ],
    {
      xmlns: `urn:oasis:names:specification:ubl:schema:xsd:${root}-2`,
      'xmlns:cac': 'urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2',
      'xmlns:cbc': 'urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2',
    },
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}\n`;
}

const total = (all: readonly DocumentAmount[]): bigint => all.reduce((sum, { amount }) => sum + amount, 0n);

function allowanceCharge(
  one: DocumentAmount,
  isCharge: boolean,
  amount: (name: string, minor: bigint) => string,
): string {
  return element('cac:AllowanceCharge', [
    text('ChargeIndicator', `${isCharge}`),
    text('AllowanceChargeReason', one.reason),
    amount('Amount', one.amount),
    category('cac:TaxCategory', one.category, one.percent),
  ]);
}

function party(one: Party): string {
  return element('cac:Party', [
    element('cac:PostalAddress', [
      optional('StreetName', one.street),
      optional('CityName', one.city),
      optional('PostalZone', one.postalCode),
      element('cac:Country', [optional('IdentificationCode', one.country)]),
    ]),
    one.vatId == null
      ? undefined
      : element('cac:PartyTaxScheme', [
          text('CompanyID', one.vatId),
          element('cac:TaxScheme', [text('ID', 'VAT')]),
        ]),
    element('cac:PartyLegalEntity', [
      text('RegistrationName', one.name),
      optional('CompanyID', one.registration),
    ]),
    one.email == null ? undefined : element('cac:Contact', [text('ElectronicMail', one.email)]),
  ]);
}

/** UNCL 4461: 30 is a credit transfer, SEPA's among them. */
function paymentMeans({ seller, remittance }: EnInvoice): string | undefined {
  if (seller.iban == null) return undefined;
  return element('cac:PaymentMeans', [
    text('PaymentMeansCode', '30'),
    text('PaymentID', remittance),
    element('cac:PayeeFinancialAccount', [text('ID', seller.iban)]),
  ]);
}

function category(name: string, id: string, percent: string | undefined, reason?: string): string {
  return element(name, [
    text('ID', id),
    optional('Percent', percent),
    optional('TaxExemptionReason', reason),
    element('cac:TaxScheme', [text('ID', 'VAT')]),
  ]);
}

function documentLine(
  line: ModelLine,
  isInvoice: boolean,
  amount: (name: string, minor: bigint) => string,
): string {
  return element(isInvoice ? 'cac:InvoiceLine' : 'cac:CreditNoteLine', [
    text('ID', line.id),
    text(isInvoice ? 'InvoicedQuantity' : 'CreditedQuantity', `${line.quantity}`, { unitCode: 'C62' }),
    amount('LineExtensionAmount', line.net),
    element('cac:InvoicePeriod', [text('StartDate', line.from), text('EndDate', line.to)]),
    element('cac:Item', [
      text('Name', line.name),
      category('cac:ClassifiedTaxCategory', line.category, line.percent),
    ]),
    element('cac:Price', [amount('PriceAmount', line.price)]),
  ]);
}
