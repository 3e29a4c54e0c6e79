import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, encodeCommunityMessage } from './message.ts';
import { encodeOid } from './oid.ts';
import type { Pdu } from './pdu.ts';

/** `DOTMAC_FUZZ_PACKETS=1000000` for the long run. */
const fuzzPackets = Number(process.env.DOTMAC_FUZZ_PACKETS ?? 20_000);

const reply: Pdu = {
  type: 'response',
  requestId: 1234567,
  errorStatus: 0,
  errorIndex: 0,
  varbinds: [
    { oid: encodeOid('1.3.6.1.2.1.1.1.0'), value: { type: 'octets', value: Buffer.from('RouterOS') } },
    { oid: encodeOid('1.3.6.1.2.1.1.3.0'), value: { type: 'timeTicks', value: 42 } },
    { oid: encodeOid('1.3.6.1.2.1.31.1.1.1.6.1'), value: { type: 'counter64', value: 2n ** 60n } },
    { oid: encodeOid('1.3.6.1.2.1.1.9.0'), value: { type: 'noSuchInstance' } },
  ],
};
const datagram = encodeCommunityMessage('2c', Buffer.from('public'), reply);

test('a message survives the wire', () => {
  const message = decodeMessage(datagram);
  expect(message).toMatchObject({ kind: 'community', version: '2c', community: Buffer.from('public') });
  if (message.kind !== 'community') throw new Error('unreachable');
  expect(message.pdu.requestId).toBe(reply.requestId);
  expect(message.pdu.varbinds.map((varbind) => varbind.value)).toEqual(reply.varbinds.map((v) => v.value));
});

test('a bad value costs only itself', () => {
  const spoiled = Buffer.from(datagram);
  const ticks = spoiled.indexOf(Buffer.from('43012a', 'hex'));
  spoiled[ticks] = 0x40;
  const message = decodeMessage(spoiled);
  if (message.kind !== 'community') throw new Error('the message was dropped');
  expect(message.pdu.varbinds.map(({ value }) => value.type)).toEqual([
    'octets',
    'malformed',
    'counter64',
    'noSuchInstance',
  ]);
});

test.each([
  ['an indefinite length', '3080020101', /indefinite/],
  ['a length that passes the end', '30820fff020101', /passes the end/],
  ['a length of five octets', '308500000000010201', /length of 5/],
  ['something else than SNMP', '3003040100', /expected tag 0x2/],
  ['nothing', '', /truncated/],
])('%s is malformed', (_, hex, reason) => {
  const message = decodeMessage(Buffer.from(hex, 'hex'));
  expect(message.kind).toBe('malformed');
  if (message.kind === 'malformed') expect(message.reason).toMatch(reason);
});

test('any octets are survivable: mutated replies and noise decode or are malformed', () => {
  const mutation = fc.record({
    changes: fc.array(fc.tuple(fc.nat(datagram.length - 1), fc.nat(255)), { maxLength: 6 }),
    cut: fc.nat(datagram.length),
    cutIt: fc.boolean(),
  });
  const mutated = mutation.map(({ changes, cut, cutIt }) => {
    const copy = Buffer.from(datagram);
    for (const [position, octet] of changes) copy[position] = octet;
    return cutIt ? copy.subarray(0, cut) : copy;
  });
  const noise = fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets));
  fc.assert(
    fc.property(fc.oneof({ weight: 4, arbitrary: mutated }, { weight: 1, arbitrary: noise }), (octets) => {
      const message = decodeMessage(octets);
      expect(['community', 'v3', 'malformed']).toContain(message.kind);
      // Values are decoded when asked for, so ask.
      if (message.kind === 'community') expect(message.pdu.varbinds).toHaveLength(message.pdu.list.length);
    }),
    { numRuns: fuzzPackets, seed: 161 },
  );
}, 3_600_000);
