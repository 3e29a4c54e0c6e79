import type { SharedTypesBuilder } from './builder.ts';
import {
  BundleRequiredError,
  ConflictError,
  ForbiddenError,
  NotFoundError,
  StalePlanError,
  ValidationError,
} from './errors.ts';
import {
  literalOf,
  parseBigInt,
  parseCidr,
  parseDateTime,
  parseIpAddress,
  parseText,
  textScalars,
} from './scalars.ts';

function addScalars(builder: SharedTypesBuilder): void {
  for (const name of ['LocalDate', 'MAC', 'Cursor'] as const) {
    const parse = (value: unknown) => parseText(name, value);
    builder.scalarType(name, {
      description: textScalars[name].description,
      serialize: parse,
      parseValue: parse,
    });
  }
  for (const [name, description] of [
    ['BigInt', 'A whole number of any size, as a string of digits.'],
    ['BitsPerSecond', 'Bits per second, decimal, as a string of digits.'],
  ] as const) {
    builder.scalarType(name, {
      description,
      serialize: (value) => parseBigInt(value).toString(),
      parseValue: parseBigInt,
      parseLiteral: (node) => parseBigInt(literalOf(node)),
    });
  }
  builder.scalarType('DateTime', {
    description: 'An instant, RFC 3339 in UTC.',
    serialize: (value) => parseDateTime(value).toISOString(),
    parseValue: parseDateTime,
  });
  builder.scalarType('IPAddress', {
    description: 'An IPv4 or IPv6 address.',
    serialize: parseIpAddress,
    parseValue: parseIpAddress,
  });
  builder.scalarType('CIDR', {
    description: 'An address block, such as 100.64.0.0/22.',
    serialize: parseCidr,
    parseValue: parseCidr,
  });
}

/** What every subgraph declares alike: scalars, `Money`, and the typed failures. */
export function addSharedTypes(builder: SharedTypesBuilder): void {
  addScalars(builder);
  builder.objectType('Money', {
    description: 'An exact amount in minor units of its ISO 4217 currency.',
    shareable: true,
    fields: (t) => ({
      amount: t.field({
        type: 'BigInt',
        description: 'Minor units: 1999 is 19.99 USD.',
        resolve: ({ minor }) => minor,
      }),
      currency: t.exposeString('currency'),
    }),
  });
  builder.objectType('SnapshotPlace', {
    description:
      'Where something stands in the snapshot that `initial` asked for. At number 1 forget what you had; at the last one you have it all.',
    shareable: true,
    fields: (t) => ({
      number: t.exposeInt('number', { description: 'From 1 on.' }),
      of: t.exposeInt('of', { description: 'The number of the last one.' }),
    }),
  });
  const failure = builder.interfaceRef<{ code: string; message: string }>('Failure').implement({
    description: 'Why something expected did not happen. `code` is stable.',
    fields: (t) => ({ code: t.exposeString('code'), message: t.exposeString('message') }),
  });
  const interfaces = [failure];
  const shareable = true;
  builder.objectType(ValidationError, {
    interfaces,
    shareable,
    name: 'ValidationError',
    fields: (t) => ({ field: t.exposeString('field') }),
  });
  builder.objectType(NotFoundError, {
    interfaces,
    shareable,
    name: 'NotFoundError',
    fields: (t) => ({ type: t.exposeString('type'), missingId: t.exposeString('missingId') }),
  });
  builder.objectType(ConflictError, {
    interfaces,
    shareable,
    name: 'ConflictError',
    fields: (t) => ({
      reason: t.exposeString('reason'),
      field: t.exposeString('field', {
        nullable: true,
        description: 'Of what is taken already: the path in the input, such as `input.name`.',
      }),
      holderId: t.exposeID('holderId', { nullable: true, description: 'What has it already.' }),
    }),
  });
  builder.objectType(ForbiddenError, {
    interfaces,
    shareable,
    name: 'ForbiddenError',
    fields: (t) => ({ missingScope: t.exposeString('missingScope') }),
  });
  builder.objectType(StalePlanError, { interfaces, shareable, name: 'StalePlanError' });
  builder.objectType(BundleRequiredError, {
    interfaces,
    shareable,
    name: 'BundleRequiredError',
    fields: (t) => ({ bundle: t.exposeString('bundle') }),
  });
}
