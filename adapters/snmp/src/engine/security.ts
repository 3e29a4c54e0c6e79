import { type DecodedMessage, encodeCommunityMessage } from '../codec/message.ts';
import type { Pdu, ReceivedPdu } from '../codec/pdu.ts';
import type { CommunityCredential } from '../credential.ts';
import type { SnmpError } from '../error.ts';

/** What a datagram from the right address means to the request that waits. */
export type Opened =
  | { readonly kind: 'reply'; readonly pdu: ReceivedPdu }
  /** The agent taught us its engine or time: encode again and send. */
  | { readonly kind: 'again' }
  | { readonly kind: 'failed'; readonly error: SnmpError }
  | { readonly kind: 'ignored'; readonly reason: string };

/** A question that an agent answers whatever the credential, and what the silence before meant if it does. */
interface Doubt {
  readonly question: Security;
  readonly meaning: SnmpError;
}

/** Wraps and unwraps PDUs for one agent and one credential. */
export interface Security {
  readonly version: '1' | '2c' | '3';
  /** A datagram for the request; its message id (v3) or request id is `id`. */
  encode(pdu: Pdu, id: number): Buffer;
  open(message: DecodedMessage, datagram: Buffer): Opened;
  /** How to find out what a silence means; null when nothing but that there was no answer can be known. */
  doubtSilence(): Doubt | null;
}

/** v1 and v2c: the community is the whole of it. */
export function communitySecurity(credential: CommunityCredential): Security {
  const community = Buffer.from(credential.community, 'utf8');
  return {
    version: credential.version,
    encode: (pdu) => encodeCommunityMessage(credential.version, community, pdu),
    open(message) {
      if (message.kind !== 'community') return { kind: 'ignored', reason: `${message.kind} message` };
      if (message.version !== credential.version) return { kind: 'ignored', reason: 'another version' };
      if (!message.community.equals(community)) return { kind: 'ignored', reason: 'another community' };
      if (message.pdu.type !== 'response') return { kind: 'ignored', reason: `PDU type ${message.pdu.type}` };
      return { kind: 'reply', pdu: message.pdu };
    },
    doubtSilence: () => null,
  };
}
