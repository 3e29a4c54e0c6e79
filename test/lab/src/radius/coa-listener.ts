import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  type Attribute,
  buildReply,
  createScan,
  type DecodedPacket,
  type Dictionary,
  decodePacket,
  encodeAttributes,
  packetCodes,
  type SharedSecret,
  scanPacket,
  verifySignedRequest,
} from '@dotmac/radius';

/** What the NAS answers to a CoA- or Disconnect-Request; null is silence. */
export type DynamicAuthorizationAnswer = { readonly ack: boolean; readonly errorCause?: number } | null;

export interface CoaListener {
  readonly port: number;
  /** Requests received, retransmissions included. */
  readonly received: number;
  close(): Promise<void>;
}

type Act = (kind: 'CoA' | 'Disconnect', packet: DecodedPacket) => DynamicAuthorizationAnswer;

/** The reply to a CoA- or Disconnect-Request; null for silence, undefined for a packet that is no genuine one. */
export function answerDynamicAuthorization(
  request: Buffer,
  secret: SharedSecret,
  dictionary: Dictionary,
  act: Act,
): Buffer | null | undefined {
  const kind =
    request[0] === packetCodes['CoA-Request']
      ? 'CoA'
      : request[0] === packetCodes['Disconnect-Request']
        ? 'Disconnect'
        : null;
  if (kind === null || verifySignedRequest(request, secret) !== null) return undefined;
  const scan = createScan();
  const packet = decodePacket(request, dictionary);
  if (scanPacket(request, scan) !== null || typeof packet === 'string') return undefined;
  const answer = act(kind, packet);
  if (answer === null) return null;
  const attributes: Attribute[] =
    answer.errorCause === undefined ? [] : [{ name: 'Error-Cause', value: answer.errorCause }];
  return buildReply({
    code: packetCodes[`${kind}-${answer.ack ? 'ACK' : 'NAK'}`],
    request,
    scan,
    secret,
    blocks: [encodeAttributes(dictionary, attributes)],
    messageAuthenticator: true,
  });
}

/** The receiving side of RFC 5176, as a NAS has it. Retransmissions are answered without acting twice. */
export async function listenForCoa(
  host: string,
  port: number,
  secret: SharedSecret,
  dictionary: Dictionary,
  act: Act,
): Promise<CoaListener> {
  const socket = createSocket('udp4');
  const answered = new Map<string, Buffer | null>();
  let received = 0;
  socket.on('message', (request, { address, port }) => {
    const key = `${address} ${port} ${request.toString('hex', 0, 20)}`;
    const known = answered.get(key);
    const reply = known === undefined ? answerDynamicAuthorization(request, secret, dictionary, act) : known;
    if (reply === undefined) return;
    received++;
    answered.set(key, reply);
    if (reply !== null) socket.send(reply, port, address);
  });
  const listening = once(socket, 'listening');
  socket.bind(port, host);
  await listening;
  return {
    port: socket.address().port,
    get received() {
      return received;
    },
    close: async () => {
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}
