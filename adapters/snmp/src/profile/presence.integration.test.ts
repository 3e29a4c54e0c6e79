import { systemClock } from '@dotmac/device';
import { type Quirk, type SnmpDeviceDescription, startSnmpAgents, tableObjects } from '@dotmac/lab/snmp';
import { expect, test } from 'vitest';
import { SnmpEngine } from '../engine/engine.ts';
import { probeDevice } from '../probe/device.ts';
import { enterprisesOf, presentSubtrees } from './presence.ts';

const outlet = '1.3.6.1.4.1.318.1.1.32.5.9.1';

/** A power strip whose agent says only that it is Linux; its outlets are in the maker's private table. */
const powerStrip: SnmpDeviceDescription = {
  id: 'power-strip',
  sysDescr: 'Linux strip 4.9.0 armv7l',
  sysObjectId: '1.3.6.1.4.1.8072.3.2.10',
  sysName: 'tower-1-strip',
  objects: {
    ...tableObjects(
      [`${outlet}.3`, `${outlet}.5`, `${outlet}.6`],
      Object.fromEntries(
        Array.from({ length: 12 }, (_, i) => [
          `1.${i + 1}`,
          [
            { type: 'string', value: `outlet ${i + 1}` },
            { type: 'integer', value: 100 + i },
            { type: 'integer', value: 20 + i },
          ] as const,
        ]),
      ),
    ),
    '1.3.6.1.4.1.2021.11.11.0': { type: 'integer', value: 95 },
  },
};

async function withStrip<T>(
  quirks: readonly Quirk[],
  use: (session: ReturnType<SnmpEngine['session']>) => Promise<T>,
): Promise<T> {
  const lab = await startSnmpAgents([{ ...powerStrip, quirks }], { clock: systemClock });
  const engine = new SnmpEngine({ clock: systemClock });
  try {
    const { host, port } = lab.agents[0] ?? { host: '', port: 0 };
    const version = quirks.includes('v1') ? '1' : '2c';
    return await use(engine.session({ host, port }, { version, community: 'public' }));
  } finally {
    await engine.close();
    await lab.close();
  }
}

const options = { maxMilliseconds: 20_000 };

test('private subtrees are found by stepping over them, and absent tables are not walked', async () => {
  await withStrip([], async (session) => {
    expect(await enterprisesOf(session, options)).toEqual([318, 2021]);
    const asked = [outlet, '1.3.6.1.4.1.318.1.1.26.4.3.1', '1.3.6.1.4.1.2021.11', '1.3.6.1.4.1.9999'];
    expect([...(await presentSubtrees(session, asked, options))]).toEqual([outlet, '1.3.6.1.4.1.2021.11']);
  });
});

test('a device that calls itself Linux gives what its private table holds', async () => {
  const { sensors } = await withStrip([], (session) => probeDevice(session, options));
  expect(sensors).toContainEqual({ class: 'current', oid: `${outlet}.5.1.3`, name: 'outlet 3', value: 1.02 });
  expect(sensors.filter((it) => it.class === 'power')).toHaveLength(12);
});

test.each<Quirk>(['toobig', 'empty', 'nobulk', 'wrongid', 'v1', 'garbage', 'loop', 'badvb'])(
  'the same under the quirk %s, or a part of it, and it ends',
  async (quirk) => {
    const clean = await withStrip([], (session) => probeDevice(session, options));
    const found = await withStrip([quirk], (session) => probeDevice(session, options));
    if (quirk !== 'loop' && quirk !== 'badvb') expect(found.sensors).toEqual(clean.sensors);
    else
      for (const sensor of found.sensors.filter((it) => it.oid.startsWith(outlet))) {
        expect(clean.sensors.map(({ oid, value }) => ({ oid, value }))).toContainEqual({
          oid: sensor.oid,
          value: sensor.value,
        });
      }
  },
);
