import type { Attribute } from '../attribute/encode.ts';
import type { MsChapErrorCode } from '../authentication/ms-chap.ts';
import type { HomeServerPool } from '../proxy/home-servers.ts';
import type { RadSecCertificate } from '../radsec/certificate.ts';
import type { AccessRequestView } from './access-request.ts';
import type { AccountingRecord } from './accounting-record.ts';
import type { Nas } from './nas.ts';

export interface AccessAccept {
  readonly kind: 'ACCEPT';
  /** Encoded with the request's authenticator, so that encrypted attributes are possible. */
  readonly attributes?: readonly Attribute[];
  /** Runs of attributes encoded ahead by `encodeAttributes`; they go first. */
  readonly blocks?: readonly Uint8Array[];
}
export interface AccessReject {
  readonly kind: 'REJECT';
  /** Stable code of why, such as `BAD_PASSWORD`; stored and shown, not sent. */
  readonly reason: string;
  readonly attributes?: readonly Attribute[];
  /** What an MS-CHAP client is told; default 691, a wrong password. 648 says that the password has expired. */
  readonly msChapError?: MsChapErrorCode;
}
/** No answer at all, such as for a request that another server should take. */
export interface AccessDiscard {
  readonly kind: 'DISCARD';
  readonly reason: string;
}
/** Decided soon, such as after a commit; the request waits, others do not. */
export interface AccessLater {
  readonly kind: 'LATER';
  /** Called at once, with a view that holds as long as it takes. A rejection leaves the request unanswered. */
  decide(request: AccessRequestView): Promise<AccessDecision>;
}
export type AccessDecision = AccessAccept | AccessReject | AccessDiscard;

/** Who may log in, and with what. Answers from memory: both methods are synchronous. */
export interface RadiusPolicy {
  /** The NAS at an address, in canonical text without IPv4-mapping; null when there is none. */
  findNas(sourceAddress: string): Nas | null;
  /** The NAS that shows a certificate, which the authorities have signed; null (or absent) when it is nobody's. */
  findNasOfCertificate?(certificate: RadSecCertificate): Nas | null;
  /**
   * The home servers that answer for the realm of a request, EAP included; null (or absent) means we do.
   * The view is valid during the call only.
   */
  route?(request: AccessRequestView): HomeServerPool | null;
  /** The view is valid during the call only. */
  authenticate(request: AccessRequestView): AccessDecision | AccessLater;
}

/** Where accounting goes. */
export interface AccountingSink {
  /**
   * Resolves after COMMIT; only then are the records answered. A rejection leaves them unanswered, and the NAS sends them
   * again. Up to two batches run at a time.
   */
  record(batch: readonly AccountingRecord[]): Promise<void>;
}
