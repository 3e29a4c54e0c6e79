import { appendEvents, newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { checkDestination } from '../device/destination.ts';
import { checkName } from '../device/rules.ts';
import { deviceOfRow } from '../port-fields.ts';
import { NasRef } from '../types.ts';
import { certificateAfter, checkAddress, checkKnown, checkProfile, checkSecret, secretOf } from './rules.ts';
import { allNases, insertNas, isTaken, type Nas, nasesById, secretPurpose, updateNas } from './store.ts';

/** RFC 4291 §2.5.2: says that there is no address. */
const noAddress = '::';

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
      description: '`::` for one that comes over TLS only.',
      resolve: ({ coaHost, sourceAddress }) => coaHost ?? sourceAddress ?? noAddress,
    }),
    coaPort: t.exposeInt('coaPort'),
    interimIntervalSeconds: t.exposeInt('interimIntervalSeconds'),
    enabled: t.exposeBoolean('enabled'),
    secretRotating: t.boolean({
      description: 'The secret before the current one is still accepted.',
      resolve: ({ previousSecret }) => previousSecret !== null,
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

const RegisterNasInput = builder.inputType('RegisterNasInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    sourceAddress: t.field({ type: 'IPAddress', description: 'Left out: it comes over TLS only.' }),
    secret: t.string({ description: 'Needed with a source address.' }),
    certificateName: t.string({
      description: 'By which it is known over TLS (`setRadSec`), wherever it comes from.',
    }),
    certificateFingerprint: t.string({ description: 'SHA-256; instead of a name.' }),
    profile: t.string({ required: true, description: 'Such as mikrotik, cisco or generic.' }),
    deviceId: t.id(),
    coaHost: t.field({ type: 'IPAddress', description: 'The source address when left out.' }),
    coaPort: t.int({ description: "The profile's when left out." }),
    interimIntervalSeconds: t.int({ description: '60 to 86400; 300 when left out.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('registerNas', (t) =>
  t.field({
    type: NasRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RegisterNasInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, radius, principal, traceId, enforcement }) => {
      const { destinations } = enforcement.sessions;
      const sourceAddress = input.sourceAddress ?? null;
      const certificate = certificateAfter(input);
      checkKnown(sourceAddress, certificate);
      if (sourceAddress !== null) await checkDestination(destinations, 'input.sourceAddress', sourceAddress);
      if (input.coaHost != null) await checkDestination(destinations, 'input.coaHost', input.coaHost);
      const deviceId = input.deviceId ?? null;
      if (deviceId !== null && (await loaders.device.load(deviceId)) === null)
        throw new NotFoundError('Device', deviceId);
      const vendorProfile = checkProfile(input.profile, Object.keys(radius.vendorProfiles));
      const id = newId('nas', services.clock);
      const now = services.clock.now();
      const nas = {
        id,
        name: checkName(input.name),
        deviceId,
        sourceAddress: sourceAddress === null ? null : checkAddress('input.sourceAddress', sourceAddress),
        ...certificate,
        secret: services.secrets.seal(secretOf(sourceAddress, input.secret), secretPurpose(id)),
        vendorProfile,
        coaHost: input.coaHost ?? null,
        coaPort: checkPort(input.coaPort ?? radius.vendorProfiles[vendorProfile]?.coaPort ?? 3799),
        interimIntervalSeconds: checkInterval(input.interimIntervalSeconds ?? 300),
        createdAt: new Date(now),
      };
      return services.database.transaction().execute(async (transaction) => {
        const inserted = await insertNas(transaction, nas);
        if (inserted === null)
          throw new ConflictError(
            'DUPLICATE_NAS',
            'Another NAS has this name, source address or certificate',
          );
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'nas.updated',
            subject: id,
            payload: { nasId: id, name: nas.name },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
        return inserted;
      });
    },
  }),
);

const UpdateNasInput = builder.inputType('UpdateNasInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    name: t.string(),
    deviceId: t.id(),
    secret: t.string({ description: 'The one before stays accepted until endSecretRotation.' }),
    certificateName: t.string({
      description:
        'By which it is known over TLS, instead of a fingerprint. Whoever is connected by another certificate is cut off.',
    }),
    certificateFingerprint: t.string({ description: 'SHA-256, instead of a name.' }),
    endSecretRotation: t.boolean(),
    profile: t.string(),
    coaHost: t.field({ type: 'IPAddress' }),
    coaPort: t.int(),
    interimIntervalSeconds: t.int(),
    enabled: t.boolean(),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('updateNas', (t) =>
  t.field({
    type: NasRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: UpdateNasInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, radius, principal, traceId, enforcement }) => {
      const { id, deviceId, secret } = input;
      if (input.coaHost != null)
        await checkDestination(enforcement.sessions.destinations, 'input.coaHost', input.coaHost);
      if (deviceId != null && (await loaders.device.load(deviceId)) === null)
        throw new NotFoundError('Device', deviceId);
      const now = services.clock.now();
      return services.database.transaction().execute(async (transaction) => {
        const [before] = await nasesById(transaction, [id]);
        if (before === undefined) throw new NotFoundError('Nas', id);
        const certificate = certificateAfter(input, before);
        checkKnown(before.sourceAddress, certificate);
        if (await isTaken(transaction, id, certificate))
          throw new ConflictError('DUPLICATE_NAS', 'Another NAS has this certificate');
        const after = await updateNas(transaction, id, {
          ...certificate,
          name: input.name == null ? before.name : checkName(input.name),
          ...(deviceId === undefined ? {} : { deviceId }),
          ...(secret == null
            ? {}
            : {
                secret: services.secrets.seal(checkSecret('input.secret', secret), secretPurpose(id)),
                previousSecret: before.secret,
              }),
          ...(input.endSecretRotation === true ? { previousSecret: null } : {}),
          ...(input.profile == null
            ? {}
            : { vendorProfile: checkProfile(input.profile, Object.keys(radius.vendorProfiles)) }),
          ...(input.coaHost === undefined ? {} : { coaHost: input.coaHost }),
          ...(input.coaPort == null ? {} : { coaPort: checkPort(input.coaPort) }),
          ...(input.interimIntervalSeconds == null
            ? {}
            : { interimIntervalSeconds: checkInterval(input.interimIntervalSeconds) }),
          ...(input.enabled == null ? {} : { enabled: input.enabled }),
        });
        if (after === null) throw new NotFoundError('Nas', id);
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'nas.updated',
            subject: id,
            payload: { nasId: id, name: after.name },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
        return after;
      });
    },
  }),
);

function checkPort(port: number): number {
  if (port < 1 || port > 65_535)
    throw new ValidationError('input.coaPort', 'A port lies between 1 and 65535');
  return port;
}

function checkInterval(seconds: number): number {
  if (seconds < 60 || seconds > 86_400)
    throw new ValidationError(
      'input.interimIntervalSeconds',
      'The interval lies between 60 and 86400 seconds',
    );
  return seconds;
}
