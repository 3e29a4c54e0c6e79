import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { staff, startWorld, type World } from '../testing/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('a query over HTTP', () => {
  test('joins two subgraphs of the caller’s tenant', async () => {
    const token = await world.token(staff('alpha', 'OWNER'));
    const { status, body } = await world.query({ query: '{ sessions { id customer { name } } }' }, { token });
    expect(body).toEqual({ data: { sessions: [{ id: 's1', customer: { name: 'ten_alpha c1' } }] } });
    expect(status).toBe(200);
  });

  test('reaches tenant and control plane in one operation', async () => {
    const token = await world.token(staff('alpha', 'OWNER'));
    const { body } = await world.query(
      { query: '{ whoAmI { id tenantId } platformViewer { id tenantId } }' },
      { token },
    );
    const viewer = { id: 'usr_alpha_owner', tenantId: 'ten_alpha' };
    expect(body).toEqual({ data: { whoAmI: viewer, platformViewer: viewer } });
  });
});
