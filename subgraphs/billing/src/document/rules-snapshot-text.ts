import { formatDay } from '../calendar/rules.ts';
import { canonicalJson } from '../numbering/rules.ts';
import type { PartyDetails } from '../rendering/rules-snapshot.ts';
import type { TaxSubtotal } from '../tax/rules-types.ts';
import { type Draft, type DraftLine, isDiscount } from './rules-draft.ts';

/** What a snapshot says beside its draft. Dates are ISO. */
export interface SnapshotFrame {
  readonly issuedOn: string;
  readonly dueOn: string;
  readonly seller: string;
  readonly sellerDetails?: PartyDetails;
  readonly customerDetails?: PartyDetails;
}

/** A snapshot before its document has a number: the number, quoted, belongs between the two. */
export interface SnapshotText {
  readonly before: string;
  readonly after: string;
}

/**
 * The canonical JSON (RFC 8785) of `snapshotOf`, written out in its order instead of sorted: a mass run spends more on
 * the general form than on the amounts. A test holds the two to each other.
 */
export function snapshotText(draft: Draft, frame: SnapshotFrame): SnapshotText {
  const { creditsDocumentId: credits } = draft;
  const before = [
    credits === null ? '{' : `{"credits":${quoted(credits)},`,
    `"currency":${quoted(draft.currency)},"customer":{"email":${quoted(draft.customerEmail)},`,
    `"id":${quoted(draft.customerId)},"name":${quoted(draft.customerName)}},`,
    party('customerDetails', frame.customerDetails),
    `"dueOn":"${frame.dueOn}","gross":"${draft.gross}","issuedOn":"${frame.issuedOn}",`,
    `"lines":[${saidAlike(draft).lines}],"net":"${draft.net}","number":`,
  ];
  const after = [
    credits === null ? '' : `,"reason":${quoted(draft.reason)}`,
    `,"seller":${quoted(frame.seller)},`,
    party('sellerDetails', frame.sellerDetails),
    `"tax":"${draft.tax}","taxes":[${saidAlike(draft).taxes}],"type":"${draft.type}"}`,
  ];
  return { before: before.join(''), after: after.join('') };
}

/** The texts of drafts that others are like: a line says nothing of whose it is. */
const texts = new WeakMap<Draft, SaidAlike>();

interface SaidAlike {
  readonly lines: string;
  readonly taxes: string;
}

function saidAlike(draft: Draft): SaidAlike {
  const told = texts.get(draft.like ?? draft);
  if (told !== undefined) return told;
  const said = {
    lines: draft.lines.map(lineText).join(','),
    taxes: draft.taxes.map(taxText).join(','),
  };
  texts.set(draft.like ?? draft, said);
  return said;
}

const quoted = (text: string | null): string => JSON.stringify(text);

const party = (key: string, details: PartyDetails | undefined): string =>
  details === undefined ? '' : `"${key}":${canonicalJson({ ...details })},`;

const lineText = (line: DraftLine): string =>
  `{"days":${line.days},"description":${quoted(line.description)},${isDiscount(line) ? '"discount":true,' : ''}` +
  `"from":"${formatDay(line.from)}","net":"${line.net}",` +
  `"ofDays":${line.ofDays},"price":["${line.price.num}","${line.price.den}"],"tax":"${line.tax}",` +
  (line.taxInclusive === true ? '"taxIncluded":true,' : '') +
  `"taxes":[${line.taxParts.map(({ group }) => group).join(',')}],"to":"${formatDay(line.to)}"}`;

function taxText({ base, category, componentId, name, percent, reason, tax }: TaxSubtotal): string {
  const optional =
    (percent === undefined ? '' : `,"percent":${quoted(percent)}`) +
    (reason === undefined ? '' : `,"reason":${quoted(reason)}`);
  return (
    `{"base":"${base}","category":${quoted(category)},"component":${quoted(componentId)},` +
    `"name":${quoted(name)}${optional},"tax":"${tax}"}`
  );
}
