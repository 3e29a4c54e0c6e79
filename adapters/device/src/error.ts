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

/** Why a device refuses a credential, where it says so; as stable codes. */
export const authFailures = [
  'UNKNOWN_USER',
  'WRONG_AUTHENTICATION_KEY',
  'WRONG_PRIVACY_KEY',
  'UNSUPPORTED_SECURITY_LEVEL',
  'NOT_IN_TIME_WINDOW',
] as const;
export type AuthFailure = (typeof authFailures)[number];

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
  /** For `AUTH_FAILED`, where it is known. */
  readonly authFailure?: AuthFailure | undefined;
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
  readonly authFailure: AuthFailure | undefined;
  readonly maybeApplied: boolean;
  readonly native: string | undefined;

  constructor(code: DeviceErrorCode, message: string, details: DeviceErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.field = details.field;
    this.authFailure = details.authFailure;
    this.maybeApplied = details.maybeApplied ?? false;
    this.native = details.native;
  }

  /** Whether the same request may succeed later without a change on our side. */
  get retryable(): boolean {
    return retryableCodes.has(this.code);
  }
}
