import { pino } from 'pino';

export type Logger = pino.Logger;

/** Fields that must never be written, wherever they stand in a logged object. */
const secretFields = [
  'password',
  'secret',
  'token',
  'apiKey',
  'authorization',
  'community',
  'credential',
  'privPassword',
  'authPassword',
];

/**
 * JSON lines on standard error, each with the part of the system and, where there is one, the tenant.
 * Standard output belongs to what a command prints.
 */
export function createLogger(options: {
  readonly part: string;
  readonly tenant?: string;
  readonly level?: string;
}): Logger {
  return pino(
    {
      level: options.level ?? process.env.DOTMAC_LOG_LEVEL ?? 'info',
      base: { part: options.part, ...(options.tenant === undefined ? {} : { tenant: options.tenant }) },
      redact: {
        paths: secretFields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[redacted]',
      },
      serializers: { error: pino.stdSerializers.err },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ dest: 2, sync: false }),
  );
}

/** Says nothing; for tests and tools. */
export const silentLogger: Logger = pino({ level: 'silent' });
