import { columns, portsPerDevice } from '../columns.ts';

/** The objects of one agent, encoded once: this side of the benchmark should cost as little as it can. */
export interface Objects {
  /** Variable bindings in the order of their OIDs. */
  readonly encoded: readonly Buffer[];
  /** Position of an OID (its octets as Latin-1), for GET. */
  readonly exact: ReadonlyMap<string, number>;
  /** Position of what follows an OID, for GETNEXT and GETBULK. */
  readonly after: ReadonlyMap<string, number>;
}

export function tlv(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

export function integer(value: number | bigint, tag = 0x02): Buffer {
  const octets: number[] = [];
  let rest = BigInt(value);
  do {
    octets.unshift(Number(rest & 0xffn));
    rest >>= 8n;
  } while (rest > 0n);
  if ((octets[0] as number) >= 0x80) octets.unshift(0);
  return tlv(tag, Buffer.from(octets));
}

function oidOctets(oid: string): Buffer {
  const [first = 0, second = 0, ...rest] = oid.split('.').map(Number);
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const part = [arc & 0x7f];
    for (let high = arc >> 7; high > 0; high >>= 7) part.unshift((high & 0x7f) | 0x80);
    octets.push(...part);
  }
  return Buffer.from(octets);
}

function cell(column: (typeof columns)[number]['name'], port: number): Buffer {
  switch (column) {
    case 'ifName':
      return tlv(0x04, Buffer.from(`gi0/${port}`));
    case 'ifAdminStatus':
      return integer(1);
    case 'ifOperStatus':
      return integer(port % 5 === 0 ? 2 : 1);
    case 'ifHighSpeed':
      return integer(1000, 0x42);
    default:
      return column.startsWith('ifHC')
        ? integer(7_123_456_789_012n + BigInt(port) * 98_765_432_109n, 0x46)
        : integer(port * 1_234, 0x41);
  }
}

/** sysUpTime and the columns of every port, and one object behind them where the last column ends. */
export function objects(): Objects {
  const all: { oid: Buffer; value: Buffer }[] = [
    { oid: oidOctets('1.3.6.1.2.1.1.3.0'), value: integer(987_654_321, 0x43) },
  ];
  for (const { name, oid } of columns) {
    for (let port = 1; port <= portsPerDevice; port++) {
      all.push({ oid: oidOctets(`${oid}.${port}`), value: cell(name, port) });
    }
  }
  all.push({ oid: oidOctets('1.3.6.1.2.1.31.1.1.1.16.1'), value: integer(2) });
  const exact = new Map<string, number>();
  const after = new Map<string, number>();
  for (const [position, { oid }] of all.entries()) {
    exact.set(oid.toString('latin1'), position);
    after.set(oid.toString('latin1'), position + 1);
  }
  for (const { oid } of columns) {
    const prefix = oidOctets(oid);
    after.set(prefix.toString('latin1'), exact.get(oidOctets(`${oid}.1`).toString('latin1')) ?? 0);
  }
  after.set(oidOctets('1.3.6.1.2.1.1.3').toString('latin1'), 0);
  const encoded = all.map(({ oid, value }) => tlv(0x30, Buffer.concat([tlv(0x06, oid), value])));
  return { encoded, exact, after };
}
