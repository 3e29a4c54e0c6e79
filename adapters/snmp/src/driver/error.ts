import { type AuthFailure, DeviceError, type DeviceErrorCode } from '@dotmac/device';
import { SnmpError, type SnmpErrorCode } from '../error.ts';

const codes: Readonly<Record<SnmpErrorCode, DeviceErrorCode>> = {
  timeout: 'UNREACHABLE',
  malformed: 'PROTOCOL_VIOLATION',
  errorStatus: 'PROTOCOL_VIOLATION',
  cancelled: 'CANCELLED',
  closed: 'CANCELLED',
  unresolvable: 'UNREACHABLE',
  unsupportedSecurityLevel: 'AUTH_FAILED',
  unknownUser: 'AUTH_FAILED',
  wrongDigest: 'AUTH_FAILED',
  decryption: 'AUTH_FAILED',
  notInTimeWindow: 'AUTH_FAILED',
  unknownEngine: 'PROTOCOL_VIOLATION',
  badCredential: 'INVALID_ARGUMENT',
};

/** What a USM report says (RFC 3414 §5), and what its absence does. */
const authFailures: Partial<Record<SnmpErrorCode, AuthFailure>> = {
  unsupportedSecurityLevel: 'UNSUPPORTED_SECURITY_LEVEL',
  unknownUser: 'UNKNOWN_USER',
  wrongDigest: 'WRONG_AUTHENTICATION_KEY',
  decryption: 'WRONG_PRIVACY_KEY',
  notInTimeWindow: 'NOT_IN_TIME_WINDOW',
};

/** noAccess and authorizationError (RFC 3416 §3): the credential is known and may not. */
const refusals: ReadonlySet<number> = new Set([6, 16]);

/** The device port's error for one of the protocol's. Anything else is a fault of ours and passes as it is. */
export function asDeviceError(error: unknown): unknown {
  if (!(error instanceof SnmpError)) return error;
  const code = refusals.has(error.status) ? 'PERMISSION_DENIED' : codes[error.code];
  const field = error.code === 'badCredential' ? { field: 'credential' } : {};
  return new DeviceError(code, error.message, {
    ...field,
    authFailure: authFailures[error.code],
    native: error.code,
    cause: error,
  });
}
