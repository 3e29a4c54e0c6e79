import type { MacAddress } from '@dotmac/device';
import type { SnmpValue } from './codec/value.ts';

/** Values as the models want them. Everything that is missing, malformed or of another type is null. */

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** Text of an OCTET STRING: UTF-8, else Latin-1; without trailing NULs and surrounding blanks; empty is null. */
export function asText(value: SnmpValue | undefined): string | null {
  if (value?.type !== 'octets') return null;
  return decodeText(value.value);
}

function decodeText(bytes: Buffer): string | null {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  const content = bytes.subarray(0, end);
  let text: string;
  try {
    text = strictUtf8.decode(content);
  } catch {
    // Not UTF-8: every octet is a character of Latin-1, the other encoding agents use.
    text = content.toString('latin1');
  }
  text = text.trim();
  return text === '' ? null : text;
}

/** A whole or floating number; Counter64 only where a double holds it exactly. Decimal text counts, as agents send it. */
export function asNumber(value: SnmpValue | undefined): number | null {
  switch (value?.type) {
    case 'integer':
    case 'counter32':
    case 'gauge32':
    case 'timeTicks':
      return value.value;
    case 'float':
    case 'double':
      return Number.isFinite(value.value) ? value.value : null;
    case 'counter64':
      return value.value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value.value) : null;
    case 'octets': {
      const match = /^\s*([-+]?\d+(?:\.\d+)?(?:e[-+]?\d{1,3})?)\s*[^\d\s.,:/-]{0,8}\s*$/i.exec(
        value.value.toString('latin1'),
      );
      return match === null ? null : Number(match[1]);
    }
    default:
      return null;
  }
}

/** A counter or gauge without loss. */
export function asBigInt(value: SnmpValue | undefined): bigint | null {
  switch (value?.type) {
    case 'counter64':
      return value.value;
    case 'integer':
    case 'counter32':
    case 'gauge32':
      return BigInt(value.value);
    default:
      return null;
  }
}

/** Exactly six octets; anything else is no MAC address. */
export function asMac(value: SnmpValue | undefined): MacAddress | null {
  if (value?.type !== 'octets' || value.value.length !== 6) return null;
  return value.value.toString('hex').replace(/(..)(?=.)/g, '$1:');
}

export function asOid(value: SnmpValue | undefined): string | null {
  return value?.type === 'oid' ? value.value : null;
}
