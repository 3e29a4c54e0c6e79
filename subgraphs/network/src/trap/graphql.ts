import { builder } from '../builder.ts';
import { type UnknownTrap, unknownTraps } from './store.ts';

const UnknownTrapRef = builder.objectRef<UnknownTrap>('UnknownTrap').implement({
  description: 'Traps of one kind from an address that no device has; kept for 30 days after the last.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    sourceAddress: t.field({ type: 'IPAddress', resolve: (trap) => trap.sourceAddress }),
    trapOid: t.exposeString('trapOid', {
      description: 'snmpTrapOID; v1 traps in the form of v2 (RFC 3584).',
    }),
    version: t.exposeString('version', { description: '1, 2c or 3.' }),
    count: t.field({ type: 'BigInt', resolve: (trap) => BigInt(trap.count) }),
    firstAt: t.expose('firstAt', { type: 'DateTime' }),
    lastAt: t.expose('lastAt', { type: 'DateTime' }),
  }),
});

builder.queryField('unknownTraps', (t) =>
  t.field({
    type: [UnknownTrapRef],
    authScopes: { scope: 'network:read' },
    description: 'Who sends traps without being registered, the newest first.',
    resolve: (_root, _args, { services }) => unknownTraps(services.database),
  }),
);
