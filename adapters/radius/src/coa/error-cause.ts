/** What an Error-Cause means for us (RFC 5176 §3.5, RFC 5580 and others add more). */
export interface ErrorCause {
  readonly code: number;
  readonly name: string;
  /**
   * `PROFILE`: our attributes or keys are wrong for this NAS. `NAS_CONFIGURATION`: it does not take requests from us.
   * `SESSION_GONE`: there is no such session. `LATER`: a try later may succeed.
   */
  readonly meaning: 'DONE' | 'PROFILE' | 'NAS_CONFIGURATION' | 'SESSION_GONE' | 'LATER';
}

const causes: readonly ErrorCause[] = [
  { code: 201, name: 'Residual Session Context Removed', meaning: 'DONE' },
  { code: 202, name: 'Invalid EAP Packet', meaning: 'PROFILE' },
  { code: 401, name: 'Unsupported Attribute', meaning: 'PROFILE' },
  { code: 402, name: 'Missing Attribute', meaning: 'PROFILE' },
  { code: 403, name: 'NAS Identification Mismatch', meaning: 'PROFILE' },
  { code: 404, name: 'Invalid Request', meaning: 'PROFILE' },
  { code: 405, name: 'Unsupported Service', meaning: 'PROFILE' },
  { code: 406, name: 'Unsupported Extension', meaning: 'PROFILE' },
  { code: 407, name: 'Invalid Attribute Value', meaning: 'PROFILE' },
  { code: 501, name: 'Administratively Prohibited', meaning: 'NAS_CONFIGURATION' },
  { code: 502, name: 'Request Not Routable', meaning: 'NAS_CONFIGURATION' },
  { code: 503, name: 'Session Context Not Found', meaning: 'SESSION_GONE' },
  { code: 504, name: 'Session Context Not Removable', meaning: 'LATER' },
  { code: 505, name: 'Other Proxy Processing Error', meaning: 'LATER' },
  { code: 506, name: 'Resources Unavailable', meaning: 'LATER' },
  { code: 507, name: 'Request Initiated', meaning: 'LATER' },
  { code: 508, name: 'Multiple Session Selection Unsupported', meaning: 'PROFILE' },
];
const byCode = new Map(causes.map((cause) => [cause.code, cause]));

/** The cause for a number; unknown numbers are taken as a fault of the profile, which an operator sees. */
export function errorCause(code: number): ErrorCause {
  return byCode.get(code) ?? { code, name: `Error-Cause ${code}`, meaning: 'PROFILE' };
}
