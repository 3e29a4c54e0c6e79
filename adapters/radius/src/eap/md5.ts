import { randomBytes } from 'node:crypto';
import { type EapMethod, refused } from './method.ts';
import { eapTypes } from './packet.ts';

/** EAP-MD5 (RFC 3748 §5.4): CHAP in EAP. No keys, so for wired links only. `requestIdentifier` is that of the challenge. */
export function eapMd5(requestIdentifier: () => number): EapMethod {
  const challenge = randomBytes(16);
  return {
    type: eapTypes.md5,
    start: () => Buffer.concat([Buffer.from([16]), challenge]),
    respond: async (data, judge) => {
      if (data[0] !== 16 || data.length < 17) return refused('EAP_MALFORMED');
      const decision = await judge('', {
        method: 'EAP-MD5',
        identifier: requestIdentifier(),
        challenge,
        response: data.subarray(1, 17),
      });
      return { kind: 'DONE', decision, masterKey: null };
    },
    close: () => {},
  };
}
