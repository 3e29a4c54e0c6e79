import { minorDigits } from '@dotmac/platform/money/currency';
import { isCalendarDate, type StatementLine, type StatementResult, statementAmount } from './rules-line.ts';

const columns = ['date', 'amount', 'currency', 'name', 'reference', 'text'] as const;
const required = columns.slice(0, 3);

/**
 * A statement as CSV (RFC 4180, comma or semicolon) with a header. Columns: date (YYYY-MM-DD), amount (1234.56, money
 * out below zero), currency, and optionally name, reference (the bank's id) and text.
 */
export function csvStatement(content: string, account: string): StatementResult {
  const table = records(content.replace(/^\uFEFF/, ''));
  if (!table.ok) return table;
  const [header, ...rows] = table.records;
  if (header === undefined)
    return { ok: false, at: 1, message: 'the file is empty; it begins with a header' };
  const names = header.fields.map((name) => name.trim().toLowerCase());
  const missing = required.find((name) => !names.includes(name));
  if (missing !== undefined)
    return {
      ok: false,
      at: 1,
      message: `the header has no column ${missing}; it needs ${required.join(', ')}`,
    };
  const lines: StatementLine[] = [];
  let skipped = 0;
  for (const { fields, at } of rows) {
    if (fields.length !== names.length)
      return { ok: false, at, message: `${fields.length} fields, the header has ${names.length}` };
    const get = (name: (typeof columns)[number]) => fields[names.indexOf(name)]?.trim() ?? '';
    const [bookedOn, currency, text] = [get('date'), get('currency'), get('amount')];
    if (!isCalendarDate(bookedOn))
      return { ok: false, at, message: `"${bookedOn}" is not a date YYYY-MM-DD` };
    if (minorDigits(currency) === undefined)
      return { ok: false, at, message: `"${currency}" is not an ISO 4217 currency` };
    const amount = statementAmount(text, currency);
    if (amount === undefined || amount === 0n)
      return { ok: false, at, message: `"${text}" is not an amount of ${currency} such as 12.50` };
    if (amount < 0n) skipped += 1;
    else
      lines.push({
        account,
        bookedOn,
        currency,
        amount,
        payer: get('name') || null,
        bankReference: get('reference'),
        remittance: get('text'),
      });
  }
  return { ok: true, lines, skipped };
}

interface Record {
  readonly fields: string[];
  readonly at: number;
}

function records(
  content: string,
):
  | { readonly ok: true; readonly records: Record[] }
  | { readonly ok: false; readonly at: number; readonly message: string } {
  const first = content.slice(0, content.search(/\r?\n|$/));
  const separator = first.includes(';') ? ';' : ',';
  const found: Record[] = [];
  let [fields, field, line, started]: [string[], string, number, number] = [[], '', 1, 1];
  let quoted = false;
  const endRecord = () => {
    fields.push(field);
    if (fields.length > 1 || fields[0] !== '') found.push({ fields, at: started });
    [fields, field] = [[], ''];
  };
  for (let at = 0; at < content.length; at++) {
    const character = content.charAt(at);
    if (character === '\n') line += 1;
    if (quoted) {
      if (character !== '"') field += character;
      else if (content.charAt(at + 1) === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"') {
      if (field !== '') return { ok: false, at: line, message: 'a quote stands within a field' };
      quoted = true;
    } else if (character === separator) {
      fields.push(field);
      field = '';
    } else if (character === '\n') {
      endRecord();
      started = line;
    } else if (character !== '\r') field += character;
  }
  if (quoted) return { ok: false, at: started, message: 'a quoted field does not end' };
  endRecord();
  return { ok: true, records: found };
}
