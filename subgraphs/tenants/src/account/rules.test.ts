import { expect, test } from 'vitest';
import { principalOf } from './rules.ts';
import type { Membership } from './store.ts';

const account = { id: 'usr_1', name: 'Ada' };
const member = (role: Membership['role'], place: Partial<Membership> = {}): Membership => ({
  id: `mbr_${role}`,
  accountId: 'usr_1',
  tenantId: null,
  partnerId: null,
  role,
  ...place,
});

test('roles of one tenant add up', () => {
  const principal = principalOf(
    account,
    [member('NOC', { tenantId: 'ten_a' }), member('BILLING', { tenantId: 'ten_a' })],
    null,
  );
  expect(principal).toMatchObject({ tenantId: 'ten_a', roles: ['NOC', 'BILLING'] });
  expect(principal.scopes).toContain('network:write');
  expect(principal.scopes).toContain('payments:write');
});

test('who belongs to two tenants must choose, and gets the roles of that one only', () => {
  const two = [member('OWNER', { tenantId: 'ten_a' }), member('AUDITOR', { tenantId: 'ten_b' })];
  expect(() => principalOf(account, two, null)).toThrow(expect.objectContaining({ reason: 'CHOOSE_TENANT' }));
  expect(principalOf(account, two, 'ten_b')).toMatchObject({ tenantId: 'ten_b', roles: ['AUDITOR'] });
});

test('nobody signs in where he does not belong', () => {
  expect(() => principalOf(account, [member('OWNER', { tenantId: 'ten_a' })], 'ten_b')).toThrow(
    expect.objectContaining({ code: 'FORBIDDEN' }),
  );
  expect(() => principalOf(account, [], null)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
});

test('an operator may sign in to any tenant; a partner acts for himself', () => {
  expect(principalOf(account, [member('OPERATOR')], 'ten_x')).toMatchObject({
    tenantId: 'ten_x',
    roles: ['OPERATOR'],
  });
  expect(principalOf(account, [member('PARTNER', { partnerId: 'par_1' })], null)).toMatchObject({
    tenantId: null,
    partnerId: 'par_1',
  });
});
