import { randomBytes } from 'node:crypto';
import type { Clock } from '@dotmac/device';
import { type Attribute, chapPassword, type DecodedAttribute, msChapV2Attempt } from '@dotmac/radius';
import type { NasSession } from './session.ts';

export type LoginMethod = 'pap' | 'chap' | 'mschapv2';

/** What the Access-Request shows, and whether the answer to it proves the server. */
export function credentials(
  username: string,
  password: string,
  method: LoginMethod,
): { attributes: readonly Attribute[]; proven: (attributes: readonly DecodedAttribute[]) => boolean } {
  if (method === 'mschapv2') {
    const attempt = msChapV2Attempt(username, password);
    const proven = (attributes: readonly DecodedAttribute[]) => {
      const success = attributes.find(({ name }) => name === 'MS-CHAP2-Success')?.value;
      return success instanceof Uint8Array && attempt.proves(success);
    };
    return { attributes: attempt.attributes, proven };
  }
  if (method === 'pap')
    return { attributes: [{ name: 'User-Password', value: password }], proven: () => true };
  const challenge = randomBytes(16);
  const identifier = randomBytes(1)[0] as number;
  const attributes = [
    { name: 'CHAP-Password', value: chapPassword(identifier, challenge, Buffer.from(password)) },
    { name: 'CHAP-Challenge', value: challenge },
  ];
  return { attributes, proven: () => true };
}

export function identity(session: NasSession): Attribute[] {
  return [
    { name: 'Acct-Session-Id', value: session.id },
    { name: 'User-Name', value: session.username },
    { name: 'Calling-Station-Id', value: session.mac },
    { name: 'NAS-Port-Id', value: session.portId },
    ...(session.address === null ? [] : [{ name: 'Framed-IP-Address', value: session.address }]),
    ...session.classes.map((value) => ({ name: 'Class', value })),
  ];
}

/** Input is what the NAS receives: the subscriber's upload. */
export function counters(session: NasSession, clock: Clock): Attribute[] {
  const low = (octets: bigint) => octets & 0xffffffffn;
  return [
    { name: 'Acct-Session-Time', value: Math.floor((clock.now() - session.startedAt) / 1000) },
    { name: 'Acct-Input-Octets', value: low(session.upstreamOctets) },
    { name: 'Acct-Input-Gigawords', value: session.upstreamOctets >> 32n },
    { name: 'Acct-Output-Octets', value: low(session.downstreamOctets) },
    { name: 'Acct-Output-Gigawords', value: session.downstreamOctets >> 32n },
  ];
}

/** Sessions that match every key of a CoA- or Disconnect-Request; none when it has no key. */
export function findSessions(
  sessions: ReadonlyMap<string, NasSession>,
  attributes: readonly DecodedAttribute[],
): NasSession[] {
  const fields: Readonly<Record<string, (session: NasSession) => string | null>> = {
    'User-Name': (session) => session.username,
    'Framed-IP-Address': (session) => session.address,
    'Acct-Session-Id': (session) => session.id,
    'Calling-Station-Id': (session) => session.mac,
  };
  const keys = attributes.filter(({ name }) => fields[name] !== undefined);
  if (keys.length === 0) return [];
  return [...sessions.values()].filter((session) =>
    keys.every(({ name, value }) => fields[name]?.(session) === value),
  );
}
