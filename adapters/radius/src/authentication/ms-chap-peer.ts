import { randomBytes } from 'node:crypto';
import type { Attribute } from '../attribute/encode.ts';
import { authenticatorResponse, challengeHash, challengeResponse, ntPasswordHash } from './ms-chap.ts';

/** The peer's side of MS-CHAPv2 over RADIUS, for simulated NASes and test clients. */
export interface MsChapV2Attempt {
  /** MS-CHAP-Challenge and MS-CHAP2-Response (RFC 2548 §2.1.2, §2.3.2). */
  readonly attributes: readonly Attribute[];
  /** Whether an MS-CHAP2-Success proves that the server knows the password too. */
  proves(success: Uint8Array): boolean;
}

export function msChapV2Attempt(userName: string, password: string): MsChapV2Attempt {
  const challenge = randomBytes(16);
  const peerChallenge = randomBytes(16);
  const identifier = randomBytes(1);
  const passwordHash = ntPasswordHash(password);
  const hashed = challengeHash(peerChallenge, challenge, Buffer.from(userName));
  const ntResponse = challengeResponse(hashed, passwordHash);
  const response = Buffer.concat([identifier, Buffer.alloc(1), peerChallenge, Buffer.alloc(8), ntResponse]);
  const expected = Buffer.concat([
    identifier,
    Buffer.from(authenticatorResponse(passwordHash, ntResponse, hashed)),
  ]);
  return {
    attributes: [
      { name: 'MS-CHAP-Challenge', value: challenge },
      { name: 'MS-CHAP2-Response', value: response },
    ],
    proves: (success) => expected.equals(success),
  };
}
