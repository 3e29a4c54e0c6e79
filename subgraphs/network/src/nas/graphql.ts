import { appendEvents, newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { checkDestination } from '../device/destination.ts';
import { checkName } from '../device/rules.ts';
import { NasRef } from '../types.ts';
import { keepingUnique, nasUpdated } from './change.ts';
import {
  certificateAfter,
  checkAddress,
  checkInterval,
  checkKnown,
  checkPort,
  checkProfile,
  checkSecret,
  secretOf,
} from './rules.ts';
import { insertNas, type Nas, nasesById, secretPurpose, updateNas } from './store.ts';
import { RequireMessageAuthenticatorEnum } from './type.ts';

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
    coaHost: t.field({
      type: 'IPAddress',
      description: 'The source address when left out; over TLS the connection it keeps.',
    }),
    coaPort: t.int({ description: "The profile's when left out." }),
    interimIntervalSeconds: t.int({ description: '60 to 86400; 300 when left out.' }),
    requireMessageAuthenticator: t.field({
      type: RequireMessageAuthenticatorEnum,
      description: 'AUTO when left out.',
    }),
    limitProxyState: t.boolean({
      description: 'True when left out. False: for a proxy that does not sign its requests.',
    }),
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
        ...messageRules(input),
        createdAt: new Date(now),
      };
      return keepingUnique(services.database, nas, async (transaction) => {
        const inserted = await insertNas(transaction, nas);
        await appendEvents<TenantEvents>(transaction, [nasUpdated(inserted, { now, principal, traceId })]);
        return inserted;
      });
    },
  }),
);

const UpdateNasInput = builder.inputType('UpdateNasInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    name: t.string(),
    sourceAddress: t.field({
      type: 'IPAddress',
      description: 'Where its packets come from now; null: it comes over TLS only.',
    }),
    deviceId: t.id(),
    secret: t.string({
      description:
        'The one before stays accepted until endSecretRotation; `rotateNasSecret` gives it an end.',
    }),
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
    requireMessageAuthenticator: t.field({ type: RequireMessageAuthenticatorEnum }),
    limitProxyState: t.boolean(),
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
    resolve: async (_root, { input }, context) => {
      const { services, loaders, radius, principal, traceId, enforcement, watch } = context;
      const { sessionClock } = watch;
      const { id, deviceId, secret } = input;
      if (input.sourceAddress != null)
        await checkDestination(
          enforcement.sessions.destinations,
          'input.sourceAddress',
          checkAddress('input.sourceAddress', input.sourceAddress),
        );
      if (input.coaHost != null)
        await checkDestination(enforcement.sessions.destinations, 'input.coaHost', input.coaHost);
      if (deviceId != null && (await loaders.device.load(deviceId)) === null)
        throw new NotFoundError('Device', deviceId);
      const now = services.clock.now();
      const wanted = {
        name: input.name?.trim(),
        sourceAddress: input.sourceAddress,
        ...certificateAfter(input),
      };
      return keepingUnique(services.database, wanted, async (transaction) => {
        const [before] = await nasesById(transaction, [id]);
        if (before === undefined) throw new NotFoundError('Nas', id);
        const certificate = certificateAfter(input, before);
        const sourceAddress = input.sourceAddress === undefined ? before.sourceAddress : input.sourceAddress;
        checkKnown(sourceAddress, certificate);
        const after = await updateNas(transaction, id, {
          ...certificate,
          sourceAddress,
          name: input.name == null ? before.name : checkName(input.name),
          ...(deviceId === undefined ? {} : { deviceId }),
          ...(secret == null
            ? {}
            : {
                secret: services.secrets.seal(checkSecret('input.secret', secret), secretPurpose(id)),
                previousSecret: before.secret,
                previousSecretUntil: null,
                secretSince: new Date(sessionClock.now()),
              }),
          ...(input.endSecretRotation === true ? { previousSecret: null, previousSecretUntil: null } : {}),
          ...(input.profile == null
            ? {}
            : { vendorProfile: checkProfile(input.profile, Object.keys(radius.vendorProfiles)) }),
          ...(input.coaHost === undefined ? {} : { coaHost: input.coaHost }),
          ...(input.coaPort == null ? {} : { coaPort: checkPort(input.coaPort) }),
          ...(input.interimIntervalSeconds == null
            ? {}
            : { interimIntervalSeconds: checkInterval(input.interimIntervalSeconds) }),
          ...(input.enabled == null ? {} : { enabled: input.enabled }),
          ...messageRules(input),
        });
        if (after === null) throw new NotFoundError('Nas', id);
        await appendEvents<TenantEvents>(transaction, [nasUpdated(after, { now, principal, traceId })]);
        return after;
      });
    },
  }),
);

/** Which logins are taken without Message-Authenticator; what is left out stays. */
function messageRules(input: {
  readonly requireMessageAuthenticator?: Nas['requireMessageAuthenticator'] | null | undefined;
  readonly limitProxyState?: boolean | null | undefined;
}): Partial<Pick<Nas, 'requireMessageAuthenticator' | 'limitProxyState'>> {
  const { requireMessageAuthenticator, limitProxyState } = input;
  return {
    ...(requireMessageAuthenticator == null ? {} : { requireMessageAuthenticator }),
    ...(limitProxyState == null ? {} : { limitProxyState }),
  };
}
