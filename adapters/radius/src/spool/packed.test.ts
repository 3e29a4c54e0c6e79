import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { buildRequest } from '../packet/build.ts';
import { packetCodes } from '../packet/codes.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import { readAccountingRecord } from '../server/accounting-record.ts';
import { packRecords, unpackRecords } from './packed.ts';

const secret = sharedSecret('s');

const record = fc
  .record({
    nasId: fc.string({ maxLength: 40 }),
    sourceAddress: fc.oneof(fc.ipV4(), fc.ipV6()),
    receivedAt: fc.nat({ max: 2_000_000_000_000 }),
    names: fc.array(fc.string({ minLength: 1, maxLength: 60 }), { maxLength: 8 }),
  })
  .map(({ nasId, sourceAddress, receivedAt, names }) => {
    const packet = buildRequest({
      code: packetCodes['Accounting-Request'],
      identifier: 0,
      secret,
      messageAuthenticator: false,
      attributes: encodeAttributes(
        standardDictionary(),
        names.map((value) => ({ name: 'User-Name', value })),
      ),
    });
    return readAccountingRecord({ id: nasId }, sourceAddress, receivedAt, packet);
  });

test('records come back as they went, whatever they say', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (records) => {
      expect(unpackRecords(packRecords(records))).toEqual(records);
    }),
  );
});

test('what is not whole is refused and says where', () => {
  const whole = packRecords(fc.sample(record, 1));
  fc.assert(
    fc.property(fc.integer({ min: 2, max: whole.length - 1 }), (cut) => {
      expect(() => unpackRecords(whole.subarray(0, cut))).toThrow(RangeError);
    }),
  );
  expect(() => unpackRecords(Buffer.from([9]))).toThrow('begin with 1, not with 9');
});

test('octets of anything never hang or crash it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
      try {
        unpackRecords(Buffer.from([1, ...octets]));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
  );
});
