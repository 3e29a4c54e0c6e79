import type { SnmpValue } from '../codec/value.ts';
import type { WalkObject } from './parse.ts';

const tags = {
  integer: 2,
  octets: 4,
  null: 5,
  oid: 6,
  ipAddress: 64,
  counter32: 65,
  gauge32: 66,
  timeTicks: 67,
} as const;

/** A line of a recording, `OID|TAG|VALUE`; null for values that stand for no value. */
export function recordingLine({ oid, value }: WalkObject): string | null {
  const content = contentOf(value);
  return content === null ? null : `${oid}|${content}`;
}

function contentOf(value: SnmpValue): string | null {
  switch (value.type) {
    case 'integer':
    case 'counter32':
    case 'gauge32':
    case 'timeTicks':
    case 'ipAddress':
    case 'oid':
      return `${tags[value.type]}|${value.value}`;
    case 'null':
      return '5|';
    case 'counter64':
      return `70|${value.value}`;
    case 'octets':
    case 'opaque': {
      const tag = value.type === 'octets' ? 4 : 68;
      const text = value.value.toString('latin1');
      // Only what survives a line of text is written as text.
      return /^[\x20-\x7e]*$/.test(text) && text === text.trim()
        ? `${tag}|${text}`
        : `${tag}x|${value.value.toString('hex').toUpperCase()}`;
    }
    case 'float':
    case 'double':
      return `4|${value.value}`;
    default:
      return null;
  }
}
