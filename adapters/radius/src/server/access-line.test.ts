import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accessLine } from './access-line.ts';

const attribute = (type: number, value: Uint8Array) =>
  Buffer.concat([Buffer.of(type, value.length + 2), value]);
const vendor = (number: number, ...subs: Buffer[]) => {
  const id = Buffer.alloc(4);
  id.writeUInt32BE(number);
  return attribute(26, Buffer.concat([id, ...subs]));
};
const packet = (...attributes: Buffer[]) => Buffer.concat([Buffer.alloc(20), ...attributes]);

test('the line of RFC 4679 is found among other attributes; octets that are no text are shown as they are', () => {
  const all = packet(
    attribute(1, Buffer.from('ada')),
    vendor(14988, attribute(8, Buffer.from('10M/10M'))),
    vendor(3561, attribute(1, Buffer.from('olt-1 eth 0/1/4:100')), attribute(2, Buffer.of(0, 4, 0xc0))),
  );
  expect(accessLine(all)).toEqual({ circuitId: 'olt-1 eth 0/1/4:100', remoteId: '0004c0' });
  expect(accessLine(packet())).toEqual({ circuitId: null, remoteId: null });
});

test('no octets make it throw or go round for ever', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
      accessLine(Buffer.concat([Buffer.alloc(20), octets]));
      accessLine(packet(vendor(3561, Buffer.from(octets.subarray(0, 200)))));
    }),
  );
});
