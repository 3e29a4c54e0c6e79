import { readFileSync } from 'node:fs';
import { integerContent, oidContent, parseArcs, type WireValue } from './ber.ts';
import type { LabObject } from './tree.ts';

/**
 * The objects of a `.snmprec` file: `OID|TAG|VALUE` a line, TAG the ASN.1 type in decimal with `x` for a value in
 * hexadecimal or `e` for one with escapes. The first of equal OIDs counts; lines that make no sense are skipped
 * and counted, as recordings in the wild hold some.
 */
export function readRecording(path: string): { objects: LabObject[]; skipped: number } {
  const objects: LabObject[] = [];
  let skipped = 0;
  for (const line of readFileSync(path, 'latin1').split(/\r?\n/)) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [oid = '', tag = ''] = line.split('|', 2);
    const value = parseValue(tag, line.slice(oid.length + tag.length + 2));
    if (value === null || !/^\d+(\.\d+)+$/.test(oid)) skipped++;
    else objects.push({ oid: parseArcs(oid), read: () => value });
  }
  return { objects, skipped };
}

function parseValue(tag: string, written: string): WireValue | null {
  const match = /^(\d+)(x|e)?$/.exec(tag);
  if (match === null) return null;
  const number = Number(match[1]);
  const raw = rawContent(match[2], written);
  if (raw === null) return null;
  const value = written.trim();
  switch (number) {
    case 2:
      return integerOf(0x02, value, (whole) => BigInt.asIntN(64, whole));
    case 4:
    case 68:
      return { tag: number, content: raw };
    case 5:
      return { tag: number, content: Buffer.alloc(0) };
    case 6:
      return /^\d+(\.\d+)+$/.test(value) ? { tag: number, content: oidContent(parseArcs(value)) } : null;
    case 64:
      return addressOf(match[2] === undefined ? value.split('.').map(Number) : [...raw]);
    case 65:
    case 66:
    case 67:
      return integerOf(number, value, (whole) => BigInt.asUintN(32, whole));
    case 70:
      return integerOf(number, value, (whole) => BigInt.asUintN(64, whole));
    default:
      return null;
  }
}

function rawContent(form: string | undefined, written: string): Buffer | null {
  if (form === 'x') {
    const hex = written.trim().replace(/^0x/, '');
    return /^([0-9a-fA-F]{2})*$/.test(hex) ? Buffer.from(hex, 'hex') : null;
  }
  const plain =
    form === 'e'
      ? written.replace(/\\x([0-9a-fA-F]{2})/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        )
      : written;
  return Buffer.from(plain, 'latin1');
}

function integerOf(tag: number, written: string, cut: (whole: bigint) => bigint): WireValue | null {
  return /^-?\d+$/.test(written) ? { tag, content: integerContent(cut(BigInt(written))) } : null;
}

function addressOf(octets: readonly number[]): WireValue | null {
  const sound = octets.length === 4 && octets.every((octet) => octet >= 0 && octet < 256);
  return sound ? { tag: 0x40, content: Buffer.from(octets) } : null;
}
