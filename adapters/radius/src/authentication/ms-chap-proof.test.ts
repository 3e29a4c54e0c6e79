import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { decodeAttributes } from '../attribute/decode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import { authenticatorResponse, challengeResponse, mppeKeys, ntPasswordHash } from './ms-chap.ts';
import { msChapV2Proof } from './ms-chap-proof.ts';

const secret = sharedSecret('testing123');

function proofOf(password: string) {
  const passwordHash = ntPasswordHash(password);
  const challenge = randomBytes(8);
  const packet = randomBytes(60);
  const ntResponse = challengeResponse(challenge, passwordHash);
  const of = { identifier: 7, passwordHash, ntResponse, challenge, packet, secret };
  const decoded = (octets: Uint8Array) =>
    decodeAttributes(octets, standardDictionary(), { authenticator: packet.subarray(4, 20), secret }).map(
      ({ name, value }) => [name, value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value],
    );
  const keys = mppeKeys(passwordHash, ntResponse);
  const success = Buffer.from(`\x07${authenticatorResponse(passwordHash, ntResponse, challenge)}`, 'latin1');
  const expected = [
    ['MS-CHAP2-Success', success.toString('hex')],
    ['MS-MPPE-Send-Key', keys.send.toString('hex')],
    ['MS-MPPE-Recv-Key', keys.receive.toString('hex')],
    ['MS-MPPE-Encryption-Policy', 1],
    ['MS-MPPE-Encryption-Type', 6],
  ];
  return { of, decoded, expected };
}

test('what an accept owes is read as the success, the keys and what they are for, login after login', () => {
  for (const password of ['first', 'pässwörd', '']) {
    const { of, decoded, expected } = proofOf(password);
    expect(decoded(msChapV2Proof(of, false))).toEqual(expected);
  }
});

test('the keys of one packet have salts of their own, with the top bit set', () => {
  const octets = msChapV2Proof(proofOf('secret').of, true);
  const salts = [51 + 8, 51 + 42 + 8].map((at) => octets.readUInt16BE(at));
  for (const salt of salts) expect(salt & 0x8000).toBe(0x8000);
  expect(salts[0]).not.toBe(salts[1]);
});

test('one of its own outlives those of others', () => {
  const { of, decoded, expected } = proofOf('waits');
  const own = msChapV2Proof(of, true);
  msChapV2Proof(proofOf('another').of, true);
  msChapV2Proof(proofOf('a third').of, false);
  expect(decoded(own)).toEqual(expected);
});
