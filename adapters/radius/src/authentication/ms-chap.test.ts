import { expect, test } from 'vitest';
import { md4 } from './md4.ts';
import {
  authenticatorResponse,
  challengeHash,
  challengeResponse,
  mppeKeys,
  ntPasswordHash,
} from './ms-chap.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

test('RFC 1320 appendix A.5', () => {
  const digests = ['', 'a', 'abc', 'message digest', '1234567890'.repeat(8)].map((text) =>
    md4(Buffer.from(text)).toString('hex'),
  );
  expect(digests).toEqual([
    '31d6cfe0d16ae931b73c59d7e0c089c0',
    'bde52cb31de33e46245e05fbdbd6fb24',
    'a448017aaf21d8525fc10ae87aa6729d',
    'd9130a8164549fe818874806e1c7014b',
    'e33b4ddc9c38f2199c3e7b164fcc0536',
  ]);
});

test('RFC 2759 §9.2 and RFC 3079 §3.5.3', () => {
  const hash = ntPasswordHash('clientPass');
  expect(hash).toEqual(hex('44ebba8d5312b8d611474411f56989ae'));
  const challenge = challengeHash(
    hex('21402324255e262a28295f2b3a337c7e'),
    hex('5b5d7c7d7b3f2f3e3c2c602132262628'),
    Buffer.from('User'),
  );
  expect(challenge).toEqual(hex('d02e4386bce91226'));
  const response = challengeResponse(challenge, hash);
  expect(response).toEqual(hex('82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df'));
  expect(authenticatorResponse(hash, response, challenge)).toBe('S=407A5589115FD0D6209F510FE9C04566932CDA56');
  expect(mppeKeys(hash, response).send).toEqual(hex('8b7cdc149b993a1ba118cb153f56dccb'));
});

test('a domain before the user name does not count', () => {
  const [peer, ours] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)];
  expect(challengeHash(peer, ours, Buffer.from('ISP\\User'))).toEqual(
    challengeHash(peer, ours, Buffer.from('User')),
  );
});
