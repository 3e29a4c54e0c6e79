import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { creditorReference } from '../payment/rules-reference.ts';
import { camt053Statement } from './rules-camt053.ts';
import { csvStatement } from './rules-csv.ts';
import { lineHashes, type StatementLine, statementAmount } from './rules-line.ts';
import { type Candidate, matchLine } from './rules-match.ts';

const entry = (more = '', amount = '30.00', direction = 'CRDT', status = '<Sts><Cd>BOOK</Cd></Sts>') =>
  `<Ntry><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>${direction}</CdtDbtInd>${status}<BookgDt><Dt>2026-11-02</Dt></BookgDt>
<AcctSvcrRef>B1</AcctSvcrRef>${more}</Ntry>`;
const part = (amount: string, name: string) =>
  `<TxDtls><Refs><EndToEndId>${name}</EndToEndId></Refs><Amt Ccy="EUR">${amount}</Amt>
<RltdPties><Dbtr><Pty><Nm>${name}</Nm></Pty></Dbtr></RltdPties><RmtInf><Ustrd>INV-1</Ustrd><Ustrd>thanks</Ustrd></RmtInf></TxDtls>`;
const camt = (entries: string) => `<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Acct><Id><IBAN>DE02</IBAN></Id></Acct>${entries}</Stmt></BkToCstmrStmt></Document>`;

describe('camt.053', () => {
  it('gives money in, parts of a batch on their own, and counts the rest as skipped', () => {
    const batch = `<NtryDtls>${part('10.00', 'Ada')}${part('20.00', 'Bob')}</NtryDtls>`;
    const pending = entry('', '1.00', 'CRDT', '<Sts>PDNG</Sts>');
    const reversal = entry('', '7.00', 'CRDT', '<RvslInd>true</RvslInd><Sts><Cd>BOOK</Cd></Sts>');
    const result = camt053Statement(
      camt(entry(batch) + entry('', '5', 'DBIT') + pending + reversal + entry()),
    );
    expect(result).toMatchObject({
      ok: true,
      skipped: 3,
      lines: [
        {
          account: 'DE02',
          bookedOn: '2026-11-02',
          amount: 1000n,
          payer: 'Ada',
          remittance: 'INV-1 thanks',
          bankReference: 'Ada',
        },
        { amount: 2000n, payer: 'Bob' },
        { amount: 3000n, payer: null, bankReference: 'B1' },
      ],
    });
  });

  it.each([
    ['<Document>', 1, /unclosed tag/],
    [camt(entry('', 'x')), 3, /"x" is not an amount of EUR/],
    [camt(entry().replace('EUR', 'XXY')), 3, /ISO 4217/],
    [camt(entry().replace('2026-11-02', '2026-02-30')), 3, /booking date/],
    [camt(entry('', '1.00', 'IN')), 3, /CRDT or DBIT/],
    ['<a/>', 1, /no camt\.053/],
    ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 1, /document type/],
  ])('refuses %s at line %i', (content, at, message) => {
    expect(camt053Statement(content)).toEqual({ ok: false, at, message: expect.stringMatching(message) });
  });

  it('answers whatever bytes it is given', () => {
    const valid = camt(entry());
    const mangled = fc
      .tuple(fc.nat(valid.length), fc.nat(40), fc.string({ maxLength: 5 }))
      .map(([at, length, insert]) => valid.slice(0, at) + insert + valid.slice(at + length));
    fc.assert(
      fc.property(mangled, (content) => {
        const result = camt053Statement(content);
        if (result.ok) expect(result.lines.every(({ amount }) => amount > 0n)).toBe(true);
        else expect(result.at).toBeGreaterThan(0);
      }),
      { seed: 53, numRuns: 200 },
    );
  });
});

describe('CSV', () => {
  it('reads quotes, semicolons and optional columns', () => {
    const content =
      '\uFEFFdate;amount;currency;name;text\r\n2026-11-02;12.50;EUR;"Ada ""A"";\nCo";x\r\n2026-11-03;-1;EUR;;\r\n';
    expect(csvStatement(content, 'DE02')).toEqual({
      ok: true,
      skipped: 1,
      lines: [
        {
          account: 'DE02',
          bookedOn: '2026-11-02',
          currency: 'EUR',
          amount: 1250n,
          payer: 'Ada "A";\nCo',
          bankReference: '',
          remittance: 'x',
        },
      ],
    });
  });

  it.each([
    ['', 1, 'is empty'],
    ['date,amount\n', 1, 'column currency'],
    ['date,amount,currency\n2026-11-02,1.00,EUR\n2026-13-02,1.00,EUR', 3, 'not a date'],
    ['date,amount,currency\n2026-11-02,1.005,EUR', 2, 'not an amount'],
    ['date,amount,currency\n2026-11-02,1,000,EUR', 2, '4 fields'],
    ['date,amount,currency\n2026-11-02,1.00,EURO', 2, 'ISO 4217'],
    ['date,amount,currency\n"2026-11-02,1.00,EUR', 2, 'does not end'],
  ])('refuses %j at line %i', (content, at, message) => {
    expect(csvStatement(content, 'x')).toEqual({ ok: false, at, message: expect.stringContaining(message) });
  });

  it('has amounts in the digits of their currency', () => {
    expect(statementAmount('1', 'JPY')).toBe(1n);
    expect(statementAmount('1.5', 'JPY')).toBeUndefined();
    expect(statementAmount('1.5', 'KWD')).toBe(1500n);
    expect(statementAmount('-0.10', 'EUR')).toBe(-10n);
  });
});

const line: StatementLine = {
  account: 'DE02',
  bookedOn: '2026-11-02',
  currency: 'EUR',
  amount: 3000n,
  payer: 'ADA LOVELACE',
  bankReference: '',
  remittance: '',
};

it('tells equal lines of one file apart, and knows them again in the next', () => {
  const hashes = lineHashes([line, line, { ...line, amount: 1n }]);
  expect(new Set(hashes).size).toBe(3);
  expect(lineHashes([line, line])).toEqual(hashes.slice(0, 2));
});

describe('matching', () => {
  const ada: Candidate = {
    id: 'inv-a',
    number: 'INV-000007',
    customerId: 'ada',
    customerName: 'Ada Lovelace',
    currency: 'EUR',
    open: 3000n,
  };
  const bob: Candidate = {
    ...ada,
    id: 'inv-b',
    number: 'INV-000008',
    customerId: 'bob',
    customerName: 'Bob',
  };
  const grouped = creditorReference('INV000008')
    .replace(/(.{4})/g, '$1 ')
    .trim();

  it('believes a structured reference, then a number, then amount and name', () => {
    expect(matchLine({ ...line, remittance: `for ${grouped}, thanks` }, [ada, bob])).toMatchObject({
      invoice: { id: 'inv-b' },
      because: 'reference',
    });
    expect(matchLine({ ...line, remittance: 'inv-000008 late' }, [ada, bob])).toMatchObject({
      invoice: { id: 'inv-b' },
      because: 'number',
    });
    expect(matchLine(line, [ada, bob])).toMatchObject({ invoice: { id: 'inv-a' }, because: 'amountAndName' });
  });

  it('leaves what is not certain to a person', () => {
    const wrongDigits = creditorReference('INV000008').replace(
      /^RF(\d)/,
      (_, digit) => `RF${(Number(digit) + 1) % 10}`,
    );
    expect(matchLine({ ...line, payer: null, remittance: wrongDigits }, [ada, bob])).toBeUndefined();
    expect(matchLine({ ...line, remittance: 'INV-000007 INV-000008' }, [ada, bob])).toBeUndefined();
    expect(matchLine(line, [ada, { ...ada, id: 'inv-c' }])).toBeUndefined();
    expect(matchLine({ ...line, currency: 'USD' }, [ada])).toBeUndefined();
    expect(matchLine({ ...line, amount: 2999n }, [ada])).toBeUndefined();
  });
});
