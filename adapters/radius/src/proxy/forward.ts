import { type DecodedAttribute, decodeAttributes } from '../attribute/decode.ts';
import type { Attribute } from '../attribute/encode.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { headerLength, packetCodes } from '../packet/codes.ts';
import type { AccessRequestView } from '../server/access-request.ts';
import type { AccountingRecord } from '../server/accounting-record.ts';
import type { HomeServerPool, HopListener } from './home-servers.ts';

/** What a home server answered. */
export type ForwardedAnswer =
  | { readonly kind: 'ACCEPT' | 'CHALLENGE'; readonly attributes: readonly Attribute[] }
  | { readonly kind: 'REJECT'; readonly reason: 'HOME_SERVER'; readonly attributes: readonly Attribute[] };

const answers = {
  [packetCodes['Access-Accept']]: 'ACCEPT',
  [packetCodes['Access-Reject']]: 'REJECT',
  [packetCodes['Access-Challenge']]: 'CHALLENGE',
} as const;

/**
 * Forwards an Access-Request: passwords and keys are revealed with one secret and hidden with the other, Proxy-State
 * passes through, everything unknown stays as it is. Null when no home server answered.
 */
export async function forwardAccess(
  request: AccessRequestView,
  pool: HomeServerPool,
  onHop?: HopListener,
): Promise<ForwardedAnswer | null> {
  const encryption = { authenticator: request.authenticator, secret: request.secret };
  const block = request.packet.subarray(headerLength, request.scan.length);
  const attributes: Attribute[] = withoutHops(decodeAttributes(block, request.dictionary, encryption));
  // The challenge of CHAP may be the Request Authenticator, and the next hop has another (RFC 2865 §2.2).
  const names = new Set(attributes.map(({ name }) => name));
  if (names.has('CHAP-Password') && !names.has('CHAP-Challenge'))
    attributes.push({ name: 'CHAP-Challenge', value: Buffer.from(request.authenticator) });
  const asked = {
    code: packetCodes['Access-Request'],
    replyCodes: Object.keys(answers).map(Number),
    attributes,
    messageAuthenticator: true,
  };
  const exchange = await pool.exchange(asked, onHop);
  const reply = exchange?.reply ?? null;
  if (reply === null) return null;
  const kind = answers[reply.code as keyof typeof answers];
  // The server puts the Proxy-States of the request into its reply itself.
  const returned = withoutHops(reply.attributes).filter(({ name }) => name !== 'Proxy-State');
  return kind === 'REJECT'
    ? { kind, reason: 'HOME_SERVER', attributes: returned }
    : { kind, attributes: returned };
}

/** Forwards an accounting record to the home servers of its realm; `false` when none took it. */
export async function forwardAccounting(
  record: AccountingRecord,
  pool: HomeServerPool,
  dictionary: Dictionary,
  onHop?: HopListener,
): Promise<boolean> {
  const attributes = withoutHops(decodeAttributes(record.packet.subarray(headerLength), dictionary));
  const asked = {
    code: packetCodes['Accounting-Request'],
    replyCodes: [packetCodes['Accounting-Response']],
    attributes,
    messageAuthenticator: false,
  };
  const exchange = await pool.exchange(asked, onHop);
  return exchange !== null;
}

/** What belongs to one hop only. */
function withoutHops(attributes: readonly DecodedAttribute[]): DecodedAttribute[] {
  return attributes.filter(({ name }) => name !== 'Message-Authenticator');
}
