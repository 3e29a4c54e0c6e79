import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { staff, startWorld, type World } from '../testing/world.ts';

let world: World;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dotmac-registry-'));
  world = await startWorld({});
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const query = { query: '{ sessions { id } }' };

/** Ends every connection of gateways and takes no new ones, as a database that is away. */
async function databaseAway(away: boolean): Promise<void> {
  await world.database.query(`alter role dotmac_gateway ${away ? 'nologin' : 'login'}`);
  if (!away) return;
  await world.database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'dotmac_gateway'`,
  );
}

describe('the registry', () => {
  test('outlives the database, and a restart of the gateway too when it has a file', async () => {
    const stateFile = join(folder, 'registry.json');
    const registry = { ...world.options.registry, stateFile };
    const before = await world.another({ registry });
    const token = await world.token(staff('alpha', 'NOC'));
    expect((await stat(stateFile)).mode & 0o777).toBe(0o600);

    await databaseAway(true);
    expect((await world.query(query, { token, url: before.url })).body.data).toEqual({
      sessions: [{ id: 's1' }],
    });
    await before.stop();
    const after = await world.another({ registry });
    expect((await world.query(query, { token, url: after.url })).body.data).toEqual({
      sessions: [{ id: 's1' }],
    });
    await expect(world.another()).rejects.toThrow(
      'The platform database does not answer and no earlier state is kept',
    );

    await databaseAway(false);
    const { text } = await world.apiKey({ tenantId: 'ten_alpha', scopes: [] });
    await eventually(async () => {
      expect((await world.query(query, { token: text, url: after.url })).status).toBe(200);
    });
    await eventually(async () => expect(await readFile(stateFile, 'utf8')).toContain(text.split('_')[2]));
  });

  test('says which file is damaged', async () => {
    const stateFile = join(folder, 'damaged.json');
    await writeFile(stateFile, '{"routes":');
    await databaseAway(true);
    const registry = { ...world.options.registry, stateFile };
    await expect(world.another({ registry })).rejects.toThrow(`state file ${stateFile} is damaged`);
    await databaseAway(false);
  });

  test('follows a runtime to another address', async () => {
    const token = await world.token(staff('alpha', 'NOC'));
    await databaseAway(false);
    await world.database.query(`update routing.route set origin = 'unix:/nowhere' where slug = 'alpha'`);
    await eventually(async () => {
      const { body } = await world.query(query, { token });
      expect(body.errors?.[0]?.extensions.code).toBe('SUBGRAPH_UNAVAILABLE');
    });
    await world.database.query(`update routing.route set origin = $1 where slug = 'alpha'`, [
      world.tenants.alpha.origin,
    ]);
    await eventually(async () =>
      expect((await world.query(query, { token })).body.data).toHaveProperty('sessions'),
    );
  });
});
