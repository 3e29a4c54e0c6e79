import { z } from 'zod';
import { encodeOid } from '../codec/oid.ts';

/** Classes of sensors and of radios, with their units in the contract of the probe. */
const sensorClasses: readonly string[] = (
  'temperature voltage current power power_consumed power_factor frequency fanspeed humidity load percent charge ' +
  'runtime dbm signal snr count pressure bitrate delay state measured tv_signal signal_loss quality_factor ' +
  'chromatic_dispersion ber airflow waterflow cooling loss eer'
).split(' ');
const wirelessClasses: readonly string[] = (
  'frequency channel power rssi rsrp rsrq sinr snr ssr noise-floor mse xpi rate capacity utilization quality ccq ' +
  'clients ap-count errors error-rate distance cell'
).split(' ');

const oid = z
  .string()
  .refine(isOid, { error: 'is no OID; expected digits and dots, such as 1.3.6.1.4.1.9.2.1' });
const scalar = oid.refine((it) => /\.\d+$/.test(it), { error: 'expected a scalar with its instance' });
const pattern = z.string().refine(isPattern, { error: 'is no regular expression' });
const severity = z.enum(['ok', 'warning', 'critical', 'unknown']);
const states = z.record(
  z.string().regex(/^-?\d+$/, { error: 'a state is a whole number' }),
  z.tuple([z.string().min(1), severity]),
);
const yes = z.literal(true).optional();

const scale = {
  multiplier: z.number().optional(),
  divisor: z
    .number()
    .refine((it) => it !== 0)
    .optional(),
  absent: z.array(z.number()).optional(),
  tenthAbove: z.number().positive().optional(),
  convert: z
    .enum([
      'wattsToDbm',
      'fahrenheit',
      'channelToMhz',
      'microwattsOrCentiDbm',
      'signedOctet',
      'signedDbMicrowatts',
    ])
    .optional(),
};
const source = {
  oid: scalar.optional(),
  column: oid.optional(),
  name: z.string().min(1),
  nameColumn: oid.optional(),
  nameOid: scalar.optional(),
  textIndex: yes,
};

function kinds(classes: readonly string[]) {
  const kind = {
    class: z.enum(classes as [string, ...string[]]),
    states: z.union([states, z.string()]).optional(),
    texts: z
      .record(
        z.string().regex(/^[^A-Z]+$/, { error: 'words are in lower case' }),
        z.tuple([z.int(), severity]),
      )
      .optional(),
  };
  const cases = z.record(z.string(), z.strictObject({ ...kind, ...scale }));
  return z.strictObject({
    ...source,
    ...kind,
    ...scale,
    variant: z
      .union([
        z.strictObject({ column: oid, cases }),
        z.strictObject({ oid: scalar, cases }),
        z.strictObject({ lastIndex: z.literal(true), cases }),
        z.strictObject({ names: z.array(z.strictObject({ pattern, ...kind, ...scale })) }),
      ])
      .optional(),
    when: z
      .strictObject({ column: oid.optional(), oid: scalar.optional(), values: z.array(z.number()).min(1) })
      .refine((it) => (it.column === undefined) !== (it.oid === undefined), {
        error: 'expected either column (of the same table) or oid (a scalar)',
      })
      .optional(),
    aggregate: z.enum(['rows', 'sum']).optional(),
    rows: pattern.optional(),
    exponentColumn: oid.optional(),
    precisionColumn: oid.optional(),
    signedScaleColumn: oid.optional(),
    divisorColumn: oid.optional(),
    bits: yes,
    entitySensors: yes,
    text: yes,
    care: z.literal('hourly').optional(),
    limits: z
      .strictObject({
        lowCritical: oid.optional(),
        lowWarning: oid.optional(),
        highWarning: oid.optional(),
        highCritical: oid.optional(),
      })
      .optional(),
    thresholds: oid.optional(),
  });
}

const identitySources = z
  .array(
    z.strictObject({
      oid: scalar.optional(),
      column: oid.optional(),
      from: z.enum(['sysDescr', 'sysName']).optional(),
      pattern: pattern.optional(),
    }),
  )
  .optional();

/** The shape of a profile's JSON; `schema.ts` says what each part means. */
export const profileShape = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, { error: 'expected lower case, digits and hyphens' }),
  evidence: z.enum(['recordings', 'reports']).optional(),
  sources: z.array(z.string().min(1)).optional(),
  match: z
    .strictObject({
      always: yes,
      os: z.array(z.string().min(1)).min(1).optional(),
      enterprise: z.array(z.int().positive()).min(1).optional(),
      layout: z.strictObject({ branches: z.array(oid).min(1), signs: z.array(oid).min(2) }).optional(),
    })
    .refine((it) => Object.keys(it).length > 0, {
      error: 'says of no device that it applies; give os or enterprise, or a layout',
    }),
  identity: z
    .strictObject({ model: identitySources, version: identitySources, serial: identitySources })
    .optional(),
  processors: z
    .array(
      z.strictObject({
        ...source,
        ...scale,
        idle: yes,
        pattern: pattern.optional(),
        rows: pattern.optional(),
        fallback: yes,
      }),
    )
    .optional(),
  memory: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        nameColumn: oid.optional(),
        scalar: yes,
        total: oid.optional(),
        used: oid.optional(),
        free: oid.optional(),
        percent: oid.optional(),
        unitBytes: z.number().positive().optional(),
        fallback: yes,
      }),
    )
    .optional(),
  ports: z
    .array(
      z
        .strictObject({
          port: pattern.optional(),
          name: oid.optional(),
          alias: oid.optional(),
          adminStatus: oid.optional(),
          operStatus: oid.optional(),
          statuses: z
            .record(z.string(), z.enum(['up', 'down', 'testing', 'unknown', 'dormant', 'notPresent']))
            .optional(),
          speed: oid.optional(),
          speedUnit: z.int().positive().optional(),
          inOctets: oid.optional(),
          outOctets: oid.optional(),
          numbered: z.literal('order').optional(),
          offset: z.int().optional(),
        })
        .refine((it) => it.name !== undefined || it.alias !== undefined || it.port !== undefined, {
          error: 'names no port; give name, alias or port',
        }),
    )
    .optional(),
  sensors: z.array(kinds(sensorClasses)).optional(),
  wireless: z.array(kinds(wirelessClasses)).optional(),
  states: z.record(z.string(), states).optional(),
});

function isOid(text: string): boolean {
  try {
    // A branch of the product's or the maker's own, such as {10}: any will do here.
    encodeOid(text.replace(/^\{(?:\d+|maker|branch)\}/, '1.3.6.1.4.1'));
    return true;
  } catch {
    return false;
  }
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'i');
    return true;
  } catch {
    return false;
  }
}
