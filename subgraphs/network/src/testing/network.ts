import { DriverRegistry } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { LoginResult, SimulatedNas } from '@dotmac/lab/radius';
import type { RouterosSimulator } from '@dotmac/lab/routeros';
import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type NewEvent } from '@dotmac/platform';
import * as radius from '@dotmac/radius';
import { createRouterosDriver } from '@dotmac/routeros';
import type { LockReason, TenantEvents } from '@dotmac/schema';
import { planShaping } from '../access/store.ts';
import { type NetworkModule, type NetworkPorts, type NetworkServices, network } from '../index.ts';
import { radiusSecret, routerPassword, startAccessRouter } from './access-router.ts';
import { type AccessAnswer, type ChangeAnswer, questions } from './questions.ts';
import { subscribers, type TestService } from './subscribers.ts';

const fifty = { downstream: { bitsPerSecond: '50000000' }, upstream: { bitsPerSecond: '10000000' } };
const hundred = { downstream: { bitsPerSecond: '100000000' }, upstream: { bitsPerSecond: '20000000' } };

export interface TestNetwork extends AsyncDisposable {
  readonly tenant: TestRuntime<TenantDatabase, TenantEvents>;
  readonly module: NetworkModule;
  readonly nas: SimulatedNas;
  readonly router: RouterosSimulator;
  readonly deviceId: string;
  /** Where its RADIUS server listens. */
  readonly server: radius.RadiusServer;
  /** Sends an Accounting-Request with exactly these attributes; whether it was answered. */
  account(attributes: readonly radius.Attribute[]): Promise<boolean>;
  append(...events: NewEvent<TenantEvents>[]): Promise<void>;
  about(subject: string): { subject: string; occurredAt: number; actor: string };
  /** Runs a mutation with one input; `selection` is on its result. */
  mutate(field: string, input: object, selection: string): Promise<Record<string, unknown>>;
  /** Orders a service and waits until its access is there, and the login policy knows it. */
  order(planId?: string, username?: string | null): Promise<TestService>;
  /** Logs in once the policy lets the service in, and waits until its session is there. */
  online(service: TestService): Promise<{ login: LoginResult; session: NonNullable<LoginResult['session']> }>;
  lock(service: TestService, locks: LockReason[]): Promise<void>;
  accessOf(serviceId: string): Promise<AccessAnswer | null>;
  changesOf(serviceId: string): Promise<ChangeAnswer[]>;
  /** The newest of at least `count` changes, once it has come to its end. */
  settled(serviceId: string, count: number): Promise<ChangeAnswer>;
  explain(
    username: string,
    password?: string,
  ): Promise<{ decision: string; reason: string | null; steps: { fact: string }[] }>;
}

/**
 * One access router of an ISP, over real sockets: its RADIUS side is the lab's NAS, its API the lab's RouterOS, and both
 * agree on who is online. Two plans (`pln_50`, `pln_100`) and a pool of 61 addresses are there.
 * @param wrap lets a test see what the subgraph does with its services.
 */
export async function startTestNetwork(
  wrap: (services: NetworkServices) => NetworkServices = (services) => services,
  ports: Pick<NetworkPorts, 'sessionClock' | 'reapIntervalSeconds' | 'leaseFolder' | 'profiles'> = {},
): Promise<TestNetwork> {
  const client = new radius.RadiusClient();
  const coa = new radius.CoaClient({ waitsMs: [1_000, 1_000], jitter: 0 });
  const drivers = new DriverRegistry([radius.createRadiusDriver(coa), createRouterosDriver()]);
  let module: NetworkModule | undefined;
  const tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => {
    module = network(wrap(services), {
      drivers,
      radius,
      settleMilliseconds: [0, 20, 100, 300],
      retryMilliseconds: 100,
      ...ports,
    });
    return [module];
  });
  if (module === undefined) throw new Error('The runtime asked for no modules');
  const started = module;
  const server = await radius.startRadiusServer({
    policy: started.policy,
    tap: started.tap,
    dictionary: started.dictionary,
    accounting: started.accountingSink,
    onMessageAuthenticatorSeen: started.onMessageAuthenticatorSeen,
    onSecretProven: started.onSecretProven,
    onAnomaly: (anomaly) => started.nasWatch.anomaly(anomaly),
    host: '127.0.0.1',
    authPort: 0,
    acctPort: 0,
    rejectDelayMs: 0,
    radSec: { port: 0 },
  });
  started.eap.server = server;
  const detach = server.radSec === null ? () => {} : started.radSec.attach(server.radSec);
  started.nasWatch.server = {
    counters: server.counters,
    ports: [server.authPort ?? 0, server.acctPort ?? 0],
  };
  const { nas, router } = await startAccessRouter(server);

  const base = {
    tenant,
    module: started,
    nas,
    router,
    append: (...events: NewEvent<TenantEvents>[]) =>
      tenant.services.database
        .transaction()
        .execute((transaction) => appendEvents<TenantEvents>(transaction, events)),
    about: (subject: string) => ({ subject, occurredAt: tenant.services.clock.now(), actor: 'usr_test' }),
    async mutate(field: string, input: object, selection: string) {
      const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
      const data = await tenant.data<Record<string, Record<string, unknown>>>(
        'network',
        `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ... on Failure { code message } ${selection} } }`,
        { input },
      );
      return data[field] ?? {};
    },
  };
  const deviceId = await describe(base);
  return {
    ...base,
    deviceId,
    server,
    ...questions(tenant),
    ...subscribers(base),
    async account(attributes: readonly radius.Attribute[]) {
      const { reply } = await client.exchange({
        host: '127.0.0.1',
        port: server.acctPort ?? 0,
        secret: radius.sharedSecret(radiusSecret),
        code: radius.packetCodes['Accounting-Request'],
        replyCodes: [radius.packetCodes['Accounting-Response']],
        attributes,
        messageAuthenticator: false,
        waitsMs: [2_000, 2_000],
      });
      return reply !== null;
    },
    async [Symbol.asyncDispose]() {
      await nas.close();
      detach();
      await server.close();
      await coa.close();
      await client.close();
      await tenant[Symbol.asyncDispose]();
      await router.close();
    },
  };
}

/** What there is before anybody has ordered. */
export type NetworkBase = Pick<
  TestNetwork,
  'tenant' | 'module' | 'nas' | 'router' | 'append' | 'about' | 'mutate'
>;

/** Registers the router as device and NAS, a pool, and two plans. */
async function describe({
  tenant,
  module,
  nas,
  router,
  mutate,
  append,
  about,
}: NetworkBase): Promise<string> {
  const { id } = await mutate(
    'registerDevice',
    {
      name: 'bng-1',
      routeros: { host: router.host, port: router.port, username: 'dotmac', password: routerPassword },
    },
    '... on Device { id }',
  );
  const deviceId = String(id);
  await mutate(
    'registerNas',
    {
      name: 'bng-1',
      sourceAddress: '127.0.0.1',
      secret: radiusSecret,
      profile: 'mikrotik',
      deviceId,
      coaPort: nas.coaPort,
    },
    '... on Nas { id }',
  );
  await mutate(
    'createAddressPool',
    { name: 'residential', cidr: '100.64.0.0/26' },
    '... on AddressPool { id }',
  );
  await append(
    {
      ...about('pln_50'),
      type: 'plan.published',
      payload: { planId: 'pln_50', versionId: 'plv_1', name: 'Fifty', shaping: fifty },
    },
    {
      ...about('pln_100'),
      type: 'plan.published',
      payload: { planId: 'pln_100', versionId: 'plv_2', name: 'Hundred', shaping: hundred },
    },
  );
  await tenant.eventually(
    async () => module.policy.findNas('127.0.0.1'),
    (found) => found !== null,
  );
  await tenant.eventually(
    () => planShaping(tenant.services.database, 'pln_100'),
    (shaping) => shaping !== null,
  );
  return deviceId;
}
