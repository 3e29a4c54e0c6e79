import { appendEvents, newId } from '@dotmac/platform';
import type { HomeServerStanding } from '@dotmac/radius';
import { StalePlanError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { fingerprintOf } from '../change/apply.ts';
import { checkDestination } from '../device/destination.ts';
import { ChangeModeEnum } from '../types.ts';
import { overUdp, radSecServer } from './radsec.ts';
import { checkRealm, checkServer } from './rules.ts';
import {
  allRealms,
  homeServerPurpose,
  keepRealm,
  ownLoginsIn,
  type RealmWithServers,
  type StoredServer,
} from './store.ts';

const mostServers = 8;
const unasked: HomeServerStanding = { state: 'UNASKED', answeredAt: null, lostAt: null, lostReason: null };
const timeOf = (at: number | null) => (at === null ? null : new Date(at));

const HomeServerRef = builder
  .objectRef<{ readonly server: StoredServer; readonly standing: HomeServerStanding }>('HomeServer')
  .implement({
    description: 'A server that answers for a realm. Its secret is never shown.',
    fields: (t) => ({
      host: t.field({ type: 'IPAddress', resolve: ({ server }) => server.host }),
      authPort: t.int({ resolve: ({ server }) => server.authPort }),
      acctPort: t.int({ nullable: true, resolve: ({ server }) => server.acctPort }),
      requireMessageAuthenticator: t.boolean({
        resolve: ({ server }) => server.requireMessageAuthenticator,
      }),
      transport: t.field({
        type: builder.enumType('HomeServerTransport', { values: ['UDP', 'RADSEC'] as const }),
        resolve: ({ server }) => (server.authorities === null ? ('UDP' as const) : ('RADSEC' as const)),
      }),
      serverName: t.string({ nullable: true, resolve: ({ server }) => server.serverName }),
      state: t.field({
        type: builder.enumType('HomeServerState', {
          description:
            'DEAD: it did not answer, and is passed over until it answers a Status-Server; one that knows none, for half a minute.',
          values: ['UNASKED', 'ALIVE', 'DEAD'] as const,
        }),
        resolve: ({ standing }) => standing.state,
      }),
      answeredAt: t.field({
        type: 'DateTime',
        nullable: true,
        resolve: ({ standing }) => timeOf(standing.answeredAt),
      }),
      lostAt: t.field({
        type: 'DateTime',
        nullable: true,
        resolve: ({ standing }) => timeOf(standing.lostAt),
      }),
      lostReason: t.string({
        nullable: true,
        description:
          'Why it gave no answer then, such as a certificate that is not trusted, ours or its own.',
        resolve: ({ standing }) => standing.lostReason,
      }),
    }),
  });

const RealmRef = builder.objectRef<RealmWithServers>('Realm').implement({
  description: 'Login names of somebody else, such as those of a roaming partner.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name', { description: 'Without the @.' }),
    strip: t.exposeBoolean('strip', {
      description: 'The home servers are asked for the name before the @ only.',
    }),
    enabled: t.exposeBoolean('enabled'),
    servers: t.field({
      type: [HomeServerRef],
      description: 'In the order in which they are asked.',
      resolve: ({ name, servers }, _args, { policy }) => {
        const standing = policy.realms.standing(name);
        return servers.map((server, index) => ({ server, standing: standing[index] ?? unasked }));
      },
    }),
  }),
});

builder.queryField('realms', (t) =>
  t.field({
    type: [RealmRef],
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => allRealms(services.database),
  }),
);

interface RealmResult {
  readonly realm: RealmWithServers;
  readonly ownLogins: number;
  readonly fingerprint: string;
}

const SetRealmResultRef = builder.objectRef<RealmResult>('SetRealmResult').implement({
  fields: (t) => ({
    realm: t.expose('realm', { type: RealmRef, description: 'As it would be, or is now.' }),
    ownLogins: t.exposeInt('ownLogins', {
      description: 'Open services of your own with such a login name: they would be asked for elsewhere.',
    }),
    fingerprint: t.exposeString('fingerprint'),
  }),
});

const RadSecInput = builder.inputType('RadSecInput', {
  fields: (t) => ({
    serverName: t.string({ description: 'What its certificate must carry; its address when left out.' }),
    authorities: t.string({ required: true, description: 'PEM: who signs its certificate.' }),
    certificate: t.string({ required: true, description: 'PEM with its chain: what we show it.' }),
    privateKey: t.string({
      description: 'PEM. Left out for a server that is there with this very certificate: it stays.',
    }),
  }),
});

const HomeServerInput = builder.inputType('HomeServerInput', {
  fields: (t) => ({
    host: t.field({ type: 'IPAddress', required: true }),
    authPort: t.int({ description: '1812 when left out, 2083 over TLS.' }),
    acctPort: t.int({ description: 'It is not told of sessions when left out.' }),
    requireMessageAuthenticator: t.boolean({
      description:
        'True when left out. False believes unsigned replies: for servers not mended after CVE-2024-3596.',
    }),
    secret: t.string({
      description: 'Left out for a server that is there already: it stays. None over TLS.',
    }),
    radSec: t.field({
      type: RadSecInput,
      description: 'RADIUS over TLS: logins and accounting on `authPort`.',
    }),
  }),
});

const SetRealmInput = builder.inputType('SetRealmInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'Without the @, such as partner.example.' }),
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    strip: t.boolean({ description: 'False when left out.' }),
    enabled: t.boolean({ description: 'True when left out; false: its names are our own again.' }),
    servers: t.field({
      type: [HomeServerInput],
      required: true,
      description: 'All of them, the preferred one first; 1 to 8.',
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('setRealm', (t) =>
  t.field({
    type: SetRealmResultRef,
    description: 'Who answers for the login names of a realm. Holds for the next login; live sessions go on.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, StalePlanError] },
    args: { input: t.arg({ type: SetRealmInput, required: true }) },
    resolve: async (_root, { input }, { services, policy, principal, traceId, enforcement }) => {
      const { database, clock, secrets } = services;
      const name = checkRealm(input.name);
      if (input.servers.length < 1 || input.servers.length > mostServers)
        throw new ValidationError('input.servers', `A realm has 1 to ${mostServers} home servers`);
      for (const [place, { host }] of input.servers.entries())
        await checkDestination(enforcement.sessions.destinations, `input.servers.${place}.host`, host);
      const result = await database.transaction().execute(async (transaction) => {
        const before = (await allRealms(transaction)).find((realm) => realm.name === name);
        const realmId = before?.id ?? newId('rlm', clock);
        const servers = input.servers.map((given, place): StoredServer => {
          const { host, authPort = null, acctPort = null, secret = null } = given;
          const requireMessageAuthenticator = given.requireMessageAuthenticator ?? true;
          const standard = given.radSec == null ? 1812 : 2083;
          const wanted = { host, authPort: authPort ?? standard, acctPort, requireMessageAuthenticator };
          checkServer(wanted, place);
          const known = before?.servers.find((one) => one.host === host && one.authPort === wanted.authPort);
          if (given.radSec != null)
            return radSecServer({ ...wanted, place, realmId }, given.radSec, known ?? null, services);
          if (secret === null && known?.transport === 'UDP') return { ...known, ...wanted, place };
          if (secret === null || secret.length < 6 || secret.length > 128)
            throw new ValidationError(`input.servers.${place}.secret`, 'A secret has 6 to 128 characters');
          const id = newId('hsv', clock);
          return {
            id,
            realmId,
            place,
            ...wanted,
            secret: Buffer.from(secrets.seal(secret, homeServerPurpose(id))),
            ...overUdp,
          };
        });
        const realm: RealmWithServers = {
          id: realmId,
          name,
          strip: input.strip ?? false,
          enabled: input.enabled ?? true,
          createdAt: before?.createdAt ?? new Date(clock.now()),
          servers,
        };
        const ownLogins = await ownLoginsIn(transaction, name);
        const shown = (one: RealmWithServers | undefined) =>
          one === undefined
            ? null
            : [
                one.strip,
                one.enabled,
                one.servers.map((server) => [
                  server.host,
                  server.authPort,
                  server.acctPort,
                  server.requireMessageAuthenticator,
                  server.transport,
                  server.serverName,
                  server.authorities,
                  server.certificate,
                ]),
              ];
        const given = input.servers.map(({ secret, radSec }) => [secret ?? null, radSec?.privateKey ?? null]);
        const fingerprint = fingerprintOf(`realm:${name}`, JSON.stringify([shown(before), shown(realm)]), [
          String(ownLogins),
          secrets.digest(JSON.stringify(given), 'plan:realm'),
        ]);
        if (input.mode === 'PLAN') return { realm, ownLogins, fingerprint };
        if (input.fingerprint !== fingerprint) throw new StalePlanError();
        await keepRealm(transaction, realm);
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'realm.updated',
            subject: realmId,
            payload: { realmId, name, enabled: realm.enabled },
            occurredAt: clock.now(),
            actor: principal.id,
            traceId,
          },
        ]);
        return { realm, ownLogins, fingerprint };
      });
      if (input.mode === 'APPLY') await policy.realms.load();
      return result;
    },
  }),
);
