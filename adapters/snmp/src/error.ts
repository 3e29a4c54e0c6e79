/** Why an exchange with an agent failed, as stable codes. */
export type SnmpErrorCode =
  | 'timeout'
  | 'malformed'
  | 'errorStatus'
  | 'cancelled'
  | 'closed'
  | 'unresolvable'
  | 'unsupportedSecurityLevel'
  | 'unknownUser'
  | 'wrongDigest'
  | 'decryption'
  | 'notInTimeWindow'
  | 'unknownEngine'
  | 'badCredential';

/** An expected failure of an SNMP exchange. */
export class SnmpError extends Error {
  override readonly name = 'SnmpError';
  readonly code: SnmpErrorCode;
  /** error-status and error-index of the reply (RFC 3416 §3) when `code` is `errorStatus`. */
  readonly status: number;
  readonly index: number;

  constructor(code: SnmpErrorCode, message: string, status = 0, index = 0) {
    super(message);
    this.code = code;
    this.status = status;
    this.index = index;
  }
}

/** The names of error-status (RFC 3416 §3), by number. */
export const errorStatusNames = [
  'noError',
  'tooBig',
  'noSuchName',
  'badValue',
  'readOnly',
  'genErr',
  'noAccess',
  'wrongType',
  'wrongLength',
  'wrongEncoding',
  'wrongValue',
  'noCreation',
  'inconsistentValue',
  'resourceUnavailable',
  'commitFailed',
  'undoFailed',
  'authorizationError',
  'notWritable',
  'inconsistentName',
] as const;

export const TOO_BIG = 1;
export const NO_SUCH_NAME = 2;

/** An `errorStatus` error from the fields of a reply. */
export function errorFromStatus(status: number, index: number): SnmpError {
  const name = errorStatusNames[status] ?? `error-status ${status}`;
  return new SnmpError('errorStatus', `The agent answered ${name} (object ${index})`, status, index);
}
