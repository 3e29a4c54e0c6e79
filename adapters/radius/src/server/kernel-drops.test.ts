import { expect, test } from 'vitest';
import { dropsIn } from './kernel-drops.ts';

test('drops of the sockets on these ports, of both IP versions', () => {
  const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1107: 0100007F:0714 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 123 2 0000000000000000 7
 1108: 0100007F:0715 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 124 2 0000000000000000 100
  200: 00000000000000000000000000000000:0714 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  0 0 125 2 0000000000000000 3`;
  expect(dropsIn(table, [1812])).toBe(10);
  expect(dropsIn(table, [1812, 1813])).toBe(110);
  expect(dropsIn(table, [53])).toBe(0);
});
