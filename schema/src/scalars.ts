import { isIP } from 'node:net';
import { GraphQLError, Kind, type ValueNode } from 'graphql';

/** Each scalar: what it looks like in JSON, and how it is checked. All travel as strings unless said otherwise. */
interface TextScalar {
  readonly description: string;
  readonly pattern: RegExp;
  readonly example: string;
}

/** Scalars that are checked text, inside and outside. */
export const textScalars = {
  LocalDate: {
    description: 'A calendar day without a zone, such as 2026-11-22.',
    pattern: /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/,
    example: '2026-11-22',
  },
  MAC: {
    description: 'An EUI-48 address in lower-case hexadecimal with colons.',
    pattern: /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/,
    example: 'cc:2d:e0:a3:3d:d5',
  },
  Cursor: {
    description:
      'A place in an event stream. Opaque; give the last one received as `after` to go on from there.',
    pattern: /^[\w-]{1,200}$/,
    example: 'djE6MTIz',
  },
} as const satisfies Record<string, TextScalar>;

function refuse(name: string, example: string, value: unknown): never {
  throw new GraphQLError(`${name} cannot be ${JSON.stringify(value)}; it looks like "${example}"`, {
    extensions: { code: 'BAD_USER_INPUT' },
  });
}

/** Checks text against a scalar's pattern and returns it. */
export function parseText(name: keyof typeof textScalars, value: unknown): string {
  const { pattern, example } = textScalars[name];
  return typeof value === 'string' && pattern.test(value) ? value : refuse(name, example, value);
}

/** A whole number of any size; travels as a string of digits because JSON numbers end at 2^53. */
export function parseBigInt(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{1,40}$/.test(value)) return BigInt(value);
  return refuse('BigInt', '918273645546372819', value);
}

/** An instant, RFC 3339 in UTC with milliseconds. Inside it is a `Date`. */
export function parseDateTime(value: unknown): Date {
  if (value instanceof Date) return value;
  if (
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(value)
  ) {
    const date = new Date(value);
    if (!Number.isNaN(date.getTime())) return date;
  }
  return refuse('DateTime', '2026-11-22T13:45:00.000Z', value);
}

/** An IPv4 or IPv6 address. */
export function parseIpAddress(value: unknown): string {
  return typeof value === 'string' && isIP(value) !== 0 ? value : refuse('IPAddress', '100.64.9.9', value);
}

/** An address block with its prefix length. */
export function parseCidr(value: unknown): string {
  if (typeof value === 'string') {
    const [address = '', length = '', ...rest] = value.split('/');
    const version = isIP(address);
    const bits = Number(length);
    if (rest.length === 0 && version !== 0 && /^\d{1,3}$/.test(length) && bits <= (version === 4 ? 32 : 128))
      return value;
  }
  return refuse('CIDR', '100.64.0.0/22', value);
}

/** The value of a literal in a document for scalars written as strings or whole numbers. */
export function literalOf(node: ValueNode): unknown {
  return node.kind === Kind.STRING || node.kind === Kind.INT ? node.value : undefined;
}
