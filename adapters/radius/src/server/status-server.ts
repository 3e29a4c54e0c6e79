import { buildReply } from '../packet/build.ts';
import {
  provenByMessageAuthenticator,
  type Received,
  type Reception,
  type ServerContext,
  tellSecret,
} from './reception.ts';

/** RFC 5997: answered on both ports, with Message-Authenticator, which the request must have too. */
export function answerStatusServer(
  received: Received,
  reception: Reception,
  context: ServerContext,
  replyCode: number,
): void {
  const { packet, scan, peer } = received;
  if (scan.messageAuthenticatorAt === 0) {
    reception.drop(received, 'MESSAGE_AUTHENTICATOR_MISSING', 'Status-Server');
    return;
  }
  const secret = provenByMessageAuthenticator(received, packet, 4);
  if (secret === null) {
    reception.drop(received, 'BAD_AUTHENTICATOR', 'Status-Server');
    return;
  }
  context.counters.statusRequests++;
  tellSecret(context, received, secret);
  peer.send(
    buildReply({ code: replyCode, request: packet, scan, secret, blocks: [], messageAuthenticator: true }),
  );
}
