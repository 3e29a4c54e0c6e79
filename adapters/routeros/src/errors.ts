import { DeviceError, type DeviceErrorCode } from '@dotmac/device';

/** The categories of `!trap` (RouterOS manual, API): 0 missing item or command, 1 value, 2 interrupted, 3 scripting,
 * 4 general, 5 API, 6 TTY, 7 `:return`. Often absent. */
export type TrapCategory = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** The device refused a command. `command` is the path only: arguments may hold secrets. */
export class TrapError extends Error {
  override readonly name = 'TrapError';
  readonly category: TrapCategory | null;
  readonly command: string;

  constructor(category: TrapCategory | null, message: string, command: string) {
    super(message);
    this.category = category;
    this.command = command;
  }
}

/** Reads `=category=` of a trap; what is not a known category is as good as none. */
export function trapCategory(text: string | undefined): TrapCategory | null {
  return text !== undefined && /^[0-7]$/.test(text) ? (Number(text) as TrapCategory) : null;
}

/** Arguments that name another object: a wrong value there is a missing object, not a malformed value. */
const referenceArguments = new Set([
  'profile',
  'interface',
  'server',
  'queue',
  'parent',
  'next-pool',
  'remote-address',
  'local-address',
  'numbers',
]);

const messageRules: readonly (readonly [RegExp, DeviceErrorCode])[] = [
  [/no such command/, 'CAPABILITY_UNSUPPORTED'],
  [/already have|already exists/, 'ALREADY_EXISTS'],
  [/no such item/, 'NOT_FOUND'],
  [/not enough permissions/, 'PERMISSION_DENIED'],
  [/invalid user name or password|cannot log in|not logged in/, 'AUTH_FAILED'],
  [/too many|session limit/, 'SESSION_LIMIT'],
  [/rebooting|shutting down/, 'DEVICE_REBOOTING'],
];

/** A trap in the port's terms: by message first (the category is often missing), then by category. */
export function deviceErrorOf(trap: TrapError): DeviceError {
  const native = `${trap.command}: ${trap.message}`;
  const details = { native, cause: trap };
  const unknownParameter = /unknown parameter ?(\S+)?/.exec(trap.message);
  const badValue = /input does not match any value of (\S+)/.exec(trap.message);
  const field = badValue?.[1] ?? unknownParameter?.[1];
  if (field !== undefined || unknownParameter !== null) {
    const missing = badValue !== null && field !== undefined && referenceArguments.has(field);
    const named = field === undefined ? details : { ...details, field };
    return new DeviceError(missing ? 'UNKNOWN_REFERENCE' : 'INVALID_ARGUMENT', `RouterOS: ${native}`, named);
  }
  for (const [pattern, code] of messageRules) {
    if (pattern.test(trap.message)) return new DeviceError(code, `RouterOS: ${native}`, details);
  }
  return new DeviceError(codeOfCategory(trap.category), `RouterOS: ${native}`, details);
}

function codeOfCategory(category: TrapCategory | null): DeviceErrorCode {
  if (category === 0) return 'CAPABILITY_UNSUPPORTED';
  if (category === 1) return 'INVALID_ARGUMENT';
  if (category === 2) return 'CANCELLED';
  if (category === 5) return 'PROTOCOL_VIOLATION';
  return 'CONFLICT';
}

/** `!fatal`: the device ends the connection and says why. */
export function deviceErrorOfFatal(reason: string): DeviceError {
  const native = `!fatal ${reason}`;
  for (const [pattern, code] of messageRules) {
    if (pattern.test(reason)) return new DeviceError(code, `RouterOS: ${native}`, { native });
  }
  return new DeviceError('UNREACHABLE', `RouterOS ended the connection: ${reason}`, { native });
}
