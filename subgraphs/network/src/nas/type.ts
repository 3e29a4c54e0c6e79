import { builder } from '../builder.ts';
import { deviceOfRow } from '../port-fields.ts';
import { NasRef } from '../types.ts';
import { allNases, type Nas } from './store.ts';

/** RFC 4291 §2.5.2: says that there is no address. */
const noAddress = '::';

export const RequireMessageAuthenticatorEnum = builder.enumType('RequireMessageAuthenticator', {
  description:
    'Whether logins without Message-Authenticator are dropped (CVE-2024-3596). AUTO: once one was seen with it. NO: for equipment that sends it at times only.',
  values: ['AUTO', 'YES', 'NO'] as const,
});

NasRef.implement({
  description: 'A network access server: it asks whether subscribers may log in. The secret is never shown.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    device: t.field(deviceOfRow),
    sourceAddress: t.field({
      type: 'IPAddress',
      description:
        'Its packets come from here; what they say about themselves does not matter. `::` for one that comes over TLS only.',
      resolve: ({ sourceAddress }) => sourceAddress ?? noAddress,
    }),
    certificateName: t.exposeString('certificateName', {
      nullable: true,
      description: 'Over TLS: a DNS name in its certificate, or the common name of one that has none.',
    }),
    certificateFingerprint: t.exposeString('certificateFingerprint', {
      nullable: true,
      description: 'Over TLS: SHA-256 of its certificate.',
    }),
    profile: t.exposeString('vendorProfile', { description: 'How speeds and walled garden are told to it.' }),
    coaHost: t.string({
      description:
        'Where it listens for CoA. `::`: it is told over the connection that it keeps, as one that comes over TLS and says nothing else.',
      resolve: ({ coaHost, sourceAddress }) => coaHost ?? sourceAddress ?? noAddress,
    }),
    coaPort: t.exposeInt('coaPort'),
    interimIntervalSeconds: t.exposeInt('interimIntervalSeconds'),
    enabled: t.exposeBoolean('enabled'),
    requireMessageAuthenticator: t.expose('requireMessageAuthenticator', {
      type: RequireMessageAuthenticatorEnum,
    }),
    messageAuthenticatorSeen: t.exposeBoolean('messageAuthenticatorSeen', {
      description: 'It has sent a valid one: with AUTO none of its logins is taken without any more.',
    }),
    limitProxyState: t.exposeBoolean('limitProxyState', {
      description:
        'Its logins with Proxy-State and without Message-Authenticator are dropped (CVE-2024-3596).',
    }),
  }),
});

builder.asEntity(NasRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.nas.load(id)) as Nas,
});

builder.queryField('nases', (t) =>
  t.field({
    type: [NasRef],
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => allNases(services.database),
  }),
);
builder.queryField('nas', (t) =>
  t.field({
    type: NasRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, { id }, { loaders }) => loaders.nas.load(id),
  }),
);
