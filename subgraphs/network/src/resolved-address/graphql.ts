import { ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { deviceOfRow, interfaceOfRow } from '../port-fields.ts';
import { type ResolvedAddressRow, resolvedAddresses } from './store.ts';

const mostShown = 100;

const ResolvedAddressRef = builder.objectRef<ResolvedAddressRow>('ResolvedAddress').implement({
  description:
    'Which MAC address answers for an IP address behind a port, as a router has it (ARP, IPv6 neighbours).',
  fields: (t) => ({
    address: t.expose('address', { type: 'IPAddress' }),
    mac: t.expose('mac', { type: 'MAC' }),
    device: t.field(deviceOfRow),
    interface: t.field(interfaceOfRow),
    portName: t.exposeString('portName', { nullable: true }),
    source: t.exposeString('source'),
    seenAt: t.expose('seenAt', { type: 'DateTime', description: 'Routers are asked about once an hour.' }),
  }),
});

builder.queryField('resolvedAddresses', (t) =>
  t.field({
    type: [ResolvedAddressRef],
    description: `Who has this address now, or which addresses a MAC address answers to: the newest ${mostShown}.`,
    args: { address: t.arg({ type: 'IPAddress' }), mac: t.arg({ type: 'MAC' }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, { address, mac }, { services }) => {
      if (address == null && mac == null)
        throw new ValidationError('address', 'Name an IP address or a MAC address');
      const wanted = {
        address: address ?? null,
        mac: mac ?? null,
        limit: mostShown,
      };
      return resolvedAddresses(services.database, wanted);
    },
  }),
);
