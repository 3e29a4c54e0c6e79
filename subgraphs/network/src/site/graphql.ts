import { newId } from '@dotmac/platform';
import { ConflictError, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { checkName } from '../device/rules.ts';
import { conflictOver, uniqueName } from '../taken.ts';
import { DeviceRef, SiteRef } from '../types.ts';
import { insertSite, type Site, sites } from './store.ts';

SiteRef.implement({
  description: 'A place with equipment: a tower, a cabinet, a data centre.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    latitude: t.exposeFloat('latitude', { nullable: true }),
    longitude: t.exposeFloat('longitude', { nullable: true }),
    devices: t.field({
      type: [DeviceRef],
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.devicesOfSite.load(id))],
    }),
  }),
});

builder.asEntity(SiteRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.site.load(id)) as Site,
});

builder.queryField('sites', (t) =>
  t.field({
    type: [SiteRef],
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => sites(services.database),
  }),
);

const CreateSiteInput = builder.inputType('CreateSiteInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    latitude: t.float({ description: 'WGS 84, degrees north.' }),
    longitude: t.float({ description: 'WGS 84, degrees east.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('createSite', (t) =>
  t.field({
    type: SiteRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: CreateSiteInput, required: true }) },
    resolve: async (_root, { input }, { services }) => {
      const { latitude = null, longitude = null } = input;
      if (latitude !== null && Math.abs(latitude) > 90)
        throw new ValidationError('input.latitude', 'A latitude lies between -90 and 90');
      if (longitude !== null && Math.abs(longitude) > 180)
        throw new ValidationError('input.longitude', 'A longitude lies between -180 and 180');
      const name = checkName(input.name);
      const site = await insertSite(services.database, {
        id: newId('sit', services.clock),
        name,
        latitude,
        longitude,
        createdAt: new Date(services.clock.now()),
      });
      if (site === null) throw await conflictOver(services.database, uniqueName('site', 'site'), name);
      return site;
    },
  }),
);
