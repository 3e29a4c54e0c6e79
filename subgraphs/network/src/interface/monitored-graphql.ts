import { NotFoundError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { InterfaceRef } from '../types.ts';
import { setMonitored } from './store.ts';

builder.objectField(InterfaceRef, 'monitored', (t) =>
  t.exposeBoolean('monitored', { description: 'Whether its going down is an alarm.' }),
);

const MonitorInterfaceInput = builder.inputType('MonitorInterfaceInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    monitored: t.boolean({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('monitorInterface', (t) =>
  t.field({
    type: InterfaceRef,
    description: 'Says whether the going down of a port is an alarm.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError] },
    args: { input: t.arg({ type: MonitorInterfaceInput, required: true }) },
    resolve: async (_root, { input: { id, monitored } }, { services, loaders }) => {
      if (!(await setMonitored(services.database, id, monitored))) throw new NotFoundError('Interface', id);
      const port = await loaders.interface.clear(id).load(id);
      if (port === null) throw new NotFoundError('Interface', id);
      return port;
    },
  }),
);
