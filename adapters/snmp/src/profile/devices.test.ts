import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { devicesDocument } from './devices.ts';

test('docs/devices.md says what the rules and profiles hold (pnpm devices)', async () => {
  const written = await readFile(new URL('../../../../docs/devices.md', import.meta.url), 'utf8');
  expect(written).toBe(devicesDocument());
});

test('a maker with tables of its own is L4, one that is only told is not', () => {
  const document = devicesDocument();
  expect(document).toMatch(/^\| MikroTik \| L4 \| .*routeros.* \| model, version, serial \|/m);
  expect(document).toMatch(/^\| \S+.* \| L3 \| /m);
});
