/** What can go wrong with a device, as stable codes. */
export const deviceErrorCodes = [
  'UNREACHABLE',
  'CONNECT_TIMEOUT',
  'TLS_UNTRUSTED',
  'AUTH_FAILED',
  'PERMISSION_DENIED',
  'CAPABILITY_UNSUPPORTED',
  'INVALID_ARGUMENT',
  'UNKNOWN_REFERENCE',
  'ALREADY_EXISTS',
  'NOT_FOUND',
  'CONFLICT',
  'DEVICE_BUSY',
  'RATE_LIMITED',
  'SESSION_LIMIT',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'PROTOCOL_VIOLATION',
  'PARTIAL_FAILURE',
  'DEVICE_REBOOTING',
] as const;
export type DeviceErrorCode = (typeof deviceErrorCodes)[number];

const retryableCodes: ReadonlySet<DeviceErrorCode> = new Set([
  'UNREACHABLE',
  'CONNECT_TIMEOUT',
  'DEVICE_BUSY',
  'RATE_LIMITED',
  'SESSION_LIMIT',
  'DEADLINE_EXCEEDED',
  'DEVICE_REBOOTING',
]);

export interface DeviceErrorDetails {
  /** The argument or field at fault, for `INVALID_ARGUMENT`. */
  readonly field?: string;
  /** The request may have changed the device although no success was seen: read back before a retry. */
  readonly maybeApplied?: boolean;
  /** The device's or protocol's own words, secrets removed. */
  readonly native?: string;
  readonly cause?: unknown;
}

/** An expected failure of a device or of the way to it. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
  readonly code: DeviceErrorCode;
  readonly field: string | undefined;
  readonly maybeApplied: boolean;
  readonly native: string | undefined;

  constructor(code: DeviceErrorCode, message: string, details: DeviceErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.field = details.field;
    this.maybeApplied = details.maybeApplied ?? false;
    this.native = details.native;
  }

  /** Whether the same request may succeed later without a change on our side. */
  get retryable(): boolean {
    return retryableCodes.has(this.code);
  }
}
