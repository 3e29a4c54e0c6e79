import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql } from 'kysely';
import type { Day } from '../calendar/rules.ts';
import { snapshotOfText } from '../rendering/rules-snapshot.ts';
import type { CreditableInvoice, CreditableLine, CreditableTax } from './rules-note-types.ts';

interface StoredPart {
  readonly component: string;
  readonly tax: string;
}

type LineRow = Omit<CreditableLine, 'price' | 'credited' | 'parts'> & {
  readonly numerator: string;
  readonly denominator: string;
  readonly taxParts: readonly StoredPart[];
  /** What credit notes took of it; their parts are in the order of its own. */
  readonly notes: readonly { readonly net: string; readonly parts: readonly StoredPart[] }[];
};

/** An invoice as credit notes see it, or null when there is none with this id. */
export async function creditableInvoice(
  db: Executor<TenantDatabase>,
  invoiceId: string,
): Promise<CreditableInvoice | null> {
  const invoice = await db
    .selectFrom('billing.document as document')
    .innerJoin('billing.account as account', 'account.customerId', 'document.customerId')
    .select([
      'document.id',
      'document.customerId',
      'document.currency',
      'document.snapshot',
      'account.name',
      'account.email',
    ])
    .where('document.id', '=', invoiceId)
    .where('document.type', '=', 'INVOICE')
    .executeTakeFirst();
  if (invoice === undefined) return null;
  const { rows } = await sql<LineRow & { periodFrom: Day }>`
    select l.id, l.description, l.product_class as "productClass", l.service_line_id as "serviceLineId",
      l.price_key as "priceKey", l.price_numerator as numerator, l.price_denominator as denominator,
      l.day_count as "dayCount", l.period_from - date '1970-01-01' as "periodFrom",
      l.period_to - date '1970-01-01' as "periodTo", l.from_day - date '1970-01-01' as "from", l.of_days as "ofDays",
      (select count(*)::int from billing.document_line k where (k.service_line_id, k.price_key, k.period_from, k.period_to)
        = (l.service_line_id, l.price_key, l.period_from, l.period_to)) as corrections,
      l.net_minor as net,
      l.tax_inclusive as "taxInclusive", l.tax_parts as "taxParts",
      (select coalesce(jsonb_agg(jsonb_build_object('net', a.net_minor::text, 'parts', a.tax_parts)), '[]')
        from billing.document_line a where a.kind = 'adjustment'
        and (a.service_line_id, a.price_key, a.period_from, a.period_to)
          = (l.service_line_id, l.price_key, l.period_from, l.period_to)
        and a.explanation->'facts'->>'line' = l.id) as notes
    from billing.document_line l where l.document_id = ${invoiceId} order by l.ordinal`.execute(db);
  const { rows: taxes } = await sql<CreditableTax & { readonly taxGroup: string }>`
    select t.tax_group as "taxGroup", t.component_id as "componentId", t.name, t.category,
      coalesce(t.percent, 0)::text as percent, t.base_minor as net, t.tax_minor as tax,
      -coalesce(sum(c.base_minor), 0)::bigint as "creditedNet", -coalesce(sum(c.tax_minor), 0)::bigint as "creditedTax"
    from billing.document_tax t
    left join (select n.component_id, n.percent, n.category, n.base_minor, n.tax_minor from billing.document_tax n
      join billing.document d on d.id = n.document_id where d.credits_document_id = ${invoiceId}) c
      on c.component_id = t.component_id and c.category = t.category and coalesce(c.percent, 0) = coalesce(t.percent, 0)
    where t.document_id = ${invoiceId} group by t.document_id, t.tax_group order by t.tax_group`.execute(db);
  const snapshot = snapshotOfText(invoice.snapshot);
  const places = taxes.map(({ taxGroup }) => taxGroup);
  const groupOf = ({ component, percent, category }: (typeof snapshot.taxes)[number]) =>
    `${component}|${percent ?? ''}|${category}`;
  const reasons = new Map(snapshot.taxes.map((tax) => [groupOf(tax), tax.reason]));
  const { id, customerId, currency, name, email } = invoice;
  return {
    id,
    customerId,
    currency,
    customerName: name,
    customerEmail: email,
    taxes: taxes.map((tax) => {
      const reason = reasons.get(tax.taxGroup);
      return reason === undefined ? tax : { ...tax, reason };
    }),
    lines: rows.map(({ numerator, denominator, notes, taxParts, ...line }, at) => ({
      ...line,
      credited: notes.reduce((sum, { net }) => sum + BigInt(net), 0n),
      price: { num: BigInt(numerator), den: BigInt(denominator) },
      parts: taxParts.map(({ component, tax }, index) => {
        const group = snapshot.taxes[snapshot.lines[at]?.taxes?.[index] ?? -1];
        return {
          group:
            group === undefined
              ? taxes.findIndex(({ componentId }) => componentId === component)
              : places.indexOf(groupOf(group)),
          componentId: component,
          tax: BigInt(tax),
          credited: notes.reduce((sum, { parts }) => sum - BigInt(parts[index]?.tax ?? 0), 0n),
        };
      }),
    })),
  };
}
