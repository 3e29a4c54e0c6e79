import { minorDigits } from '@dotmac/platform/money/currency';
import { SaxesParser } from 'saxes';
import { isCalendarDate, type StatementLine, type StatementResult, statementAmount } from './rules-line.ts';

interface Node {
  readonly name: string;
  readonly at: number;
  readonly currency: string | undefined;
  readonly children: Node[];
  text: string;
}

class Malformed extends Error {
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** A statement as ISO 20022 camt.053, any version. A batch whose parts sum to it counts as its parts. */
export function camt053Statement(content: string): StatementResult {
  try {
    const root = tree(content);
    const statements = root.children.flatMap(({ name, children }) =>
      name === 'BkToCstmrStmt' ? children.filter((child) => child.name === 'Stmt') : [],
    );
    if (root.name !== 'Document' || statements.length === 0)
      throw new Malformed(root.at, 'this is no camt.053: there is no Document/BkToCstmrStmt/Stmt');
    const entries = statements.flatMap((statement) => entriesOf(statement));
    const lines = entries.flatMap((entry) => entry ?? []);
    return { ok: true, lines, skipped: entries.filter((entry) => entry === null).length };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { ok: false, at: error.at, message: error.message };
  }
}

function tree(content: string): Node {
  const parser = new SaxesParser({ xmlns: true });
  const open: Node[] = [];
  let root: Node | undefined;
  parser.on('error', (error) => {
    throw new Malformed(parser.line, error.message.replace(/^\d+:\d+: /, ''));
  });
  parser.on('doctype', () => {
    throw new Malformed(parser.line, 'a document type is not accepted');
  });
  parser.on('opentag', ({ local, attributes }) => {
    const currency = attributes.Ccy?.value;
    const node: Node = { name: local, at: parser.line, currency, children: [], text: '' };
    open.at(-1)?.children.push(node);
    root ??= node;
    open.push(node);
  });
  parser.on('text', (text) => {
    const node = open.at(-1);
    if (node !== undefined) node.text += text;
  });
  parser.on('closetag', () => void open.pop());
  parser.write(content).close();
  if (root === undefined) throw new Malformed(1, 'the file is empty');
  return root;
}

const find = (node: Node, path: string): Node[] =>
  path
    .split('/')
    .reduce<Node[]>(
      (nodes, name) => nodes.flatMap((one) => one.children.filter((child) => child.name === name)),
      [node],
    );
const text = (node: Node, ...paths: string[]): string | undefined =>
  paths.flatMap((path) => find(node, path).map((one) => one.text.trim())).find((found) => found !== '');

/** The lines of each entry; null for one that is no money in. */
function entriesOf(statement: Node): (StatementLine[] | null)[] {
  const account = text(statement, 'Acct/Id/IBAN', 'Acct/Id/Othr/Id');
  if (account === undefined) throw new Malformed(statement.at, 'the statement names no account (Acct/Id)');
  return find(statement, 'Ntry').map((entry) => {
    const amount = amountOf(entry, entry);
    const direction = text(entry, 'CdtDbtInd');
    if (direction !== 'CRDT' && direction !== 'DBIT')
      throw new Malformed(entry.at, 'an entry is CRDT or DBIT (CdtDbtInd)');
    const bookedOn = (text(entry, 'BookgDt/Dt', 'BookgDt/DtTm') ?? '').slice(0, 10);
    // What comes back of the ISP's own payment is money in, and nobody's who owes.
    const isReversal = ['true', '1'].includes(text(entry, 'RvslInd') ?? '');
    const isBooked = (text(entry, 'Sts/Cd', 'Sts') ?? 'BOOK') === 'BOOK';
    if (direction === 'DBIT' || isReversal || !isBooked) return null;
    if (!isCalendarDate(bookedOn)) throw new Malformed(entry.at, 'an entry has a booking date (BookgDt)');
    const details = find(entry, 'NtryDtls/TxDtls');
    const common = { account, bookedOn, bankReference: text(entry, 'AcctSvcrRef') ?? '' };
    const line = (of: Node, paid: typeof amount): StatementLine => ({
      ...common,
      ...paid,
      bankReference: text(of, 'Refs/AcctSvcrRef', 'Refs/EndToEndId') ?? common.bankReference,
      payer: text(of, 'RltdPties/Dbtr/Nm', 'RltdPties/Dbtr/Pty/Nm') ?? null,
      remittance: [...find(of, 'RmtInf/Strd/CdtrRefInf/Ref'), ...find(of, 'RmtInf/Ustrd')]
        .map((one) => one.text.trim())
        .join(' '),
    });
    const parts = details.map((one) => partAmount(one));
    const total = parts.reduce((sum, part) => sum + (part?.amount ?? 0n), 0n);
    const isBatch =
      details.length > 1 &&
      parts.every((part) => part?.currency === amount.currency) &&
      total === amount.amount;
    if (isBatch) return details.flatMap((one, index) => (parts[index] ? [line(one, parts[index])] : []));
    return [line(details[0] ?? entry, amount)];
  });
}

function amountOf(node: Node, entry: Node): { currency: string; amount: bigint } {
  const [found] = find(node, 'Amt');
  const currency = found?.currency ?? '';
  if (found === undefined || minorDigits(currency) === undefined)
    throw new Malformed(found?.at ?? entry.at, 'an entry has an amount with an ISO 4217 currency (Amt Ccy)');
  const amount = statementAmount(found.text.trim(), currency);
  if (amount === undefined || amount <= 0n)
    throw new Malformed(found.at, `"${found.text.trim()}" is not an amount of ${currency} above 0`);
  return { currency, amount };
}

function partAmount(details: Node): { currency: string; amount: bigint } | undefined {
  const [holder] = [...find(details, 'AmtDtls/TxAmt'), ...(find(details, 'Amt').length > 0 ? [details] : [])];
  return holder === undefined ? undefined : amountOf(holder, details);
}
