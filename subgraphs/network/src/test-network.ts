import { DriverRegistry } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { type LoginResult, type SimulatedNas, startNas } from '@dotmac/lab/radius';
import { type RouterosSimulator, startRouterosSimulator, suspensionRules } from '@dotmac/lab/routeros';
import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type NewEvent } from '@dotmac/platform';
import * as radius from '@dotmac/radius';
import { createRouterosDriver } from '@dotmac/routeros';
import type { LockReason, TenantEvents } from '@dotmac/schema';
import { type NetworkModule, type NetworkServices, network } from './index.ts';

const secret = 'lab-radius-secret';
const routerPassword = 'lab-router-password';
const fifty = { downstream: { bitsPerSecond: '50000000' }, upstream: { bitsPerSecond: '10000000' } };
const hundred = { downstream: { bitsPerSecond: '100000000' }, upstream: { bitsPerSecond: '20000000' } };

/** A service with what its subscriber needs to log in. */
export interface TestService {
  readonly serviceId: string;
  readonly customerId: string;
  readonly username: string;
  readonly password: string;
  readonly address: string | null;
  readonly mac: string;
}

interface AccessAnswer {
  readonly username: string;
  readonly address: string | null;
  readonly mode: string;
  readonly device: { readonly name: string } | null;
  readonly session: {
    readonly id: string;
    readonly live: boolean;
    readonly downstreamOctets: string;
    readonly upstreamOctets: string;
  } | null;
}

interface ChangeAnswer {
  readonly id: string;
  readonly mode: string;
  readonly state: string;
  readonly evidence: string;
  readonly steps: readonly {
    readonly kind: string;
    readonly protocol: string;
    readonly command: string | null;
    readonly ok: boolean;
    readonly message: string;
  }[];
}

export interface TestNetwork extends AsyncDisposable {
  readonly tenant: TestRuntime<TenantDatabase, TenantEvents>;
  readonly module: NetworkModule;
  readonly nas: SimulatedNas;
  readonly router: RouterosSimulator;
  readonly deviceId: string;
  /** Sends an Accounting-Request with exactly these attributes; whether it was answered. */
  account(attributes: readonly radius.Attribute[]): Promise<boolean>;
  append(...events: NewEvent<TenantEvents>[]): Promise<void>;
  about(subject: string): { subject: string; occurredAt: number; actor: string };
  /** Runs a mutation with one input; `selection` is on its result. */
  mutate(field: string, input: object, selection: string): Promise<Record<string, unknown>>;
  /** Orders a service and waits until its access is there. */
  order(planId?: string, username?: string | null): Promise<TestService>;
  /** Logs in once the policy knows the service. */
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
): Promise<TestNetwork> {
  const client = new radius.RadiusClient();
  const coa = new radius.CoaClient({ waitsMs: [50, 50], jitter: 0 });
  const drivers = new DriverRegistry([radius.createRadiusDriver(coa), createRouterosDriver()]);
  let module: NetworkModule | undefined;
  const tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => {
    module = network(wrap(services), {
      drivers,
      radius,
      settleMilliseconds: [0, 20, 100, 300],
      retryMilliseconds: 100,
    });
    return [module];
  });
  if (module === undefined) throw new Error('The runtime asked for no modules');
  const started = module;
  const server = await radius.startRadiusServer({
    policy: started.policy,
    accounting: started.accountingSink,
    onMessageAuthenticatorSeen: started.onMessageAuthenticatorSeen,
    host: '127.0.0.1',
    authPort: 0,
    acctPort: 0,
    rejectDelayMs: 0,
  });
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
    ...questions(tenant),
    ...subscribers(base),
    async account(attributes: readonly radius.Attribute[]) {
      const { reply } = await client.exchange({
        host: '127.0.0.1',
        port: server.acctPort ?? 0,
        secret: radius.sharedSecret(secret),
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
      await server.close();
      await coa.close();
      await client.close();
      await tenant[Symbol.asyncDispose]();
      await router.close();
    },
  };
}

type Base = Pick<TestNetwork, 'tenant' | 'module' | 'nas' | 'router' | 'append' | 'about' | 'mutate'>;

async function startAccessRouter(server: radius.RadiusServer) {
  const router = await startRouterosSimulator({
    name: 'bng-1',
    version: '7.22.3',
    boardName: 'CCR2004',
    users: [{ name: 'dotmac', password: routerPassword }],
    interfaces: [{ name: 'sfp1' }],
    rows: suspensionRules,
  });
  const show = ({
    id,
    username,
    address,
    mac,
  }: {
    id: string;
    username: string;
    address: string | null;
    mac: string;
  }) => {
    const { shaping = null, addressList = null } = nas.sessions.get(id) ?? {};
    router.router.removeSession(username);
    router.router.addSession({
      username,
      address: address ?? '',
      callerId: mac,
      sessionId: id,
      ...(shaping === null
        ? {}
        : { rateLimit: `${shaping.upstream.bitsPerSecond}/${shaping.downstream.bitsPerSecond}` }),
      ...(addressList === null ? {} : { addressList }),
    });
  };
  const nas = await startNas({
    secret,
    authHost: '127.0.0.1',
    authPort: server.authPort ?? 0,
    acctPort: server.acctPort ?? 0,
    waitsMs: [2_000, 2_000],
    onSession: show,
    onSessionChange: show,
    onSessionEnd: ({ username }) => router.router.removeSession(username),
  });
  return { nas, router };
}

/** Registers the router as device and NAS, a pool, and two plans. */
async function describe({ tenant, module, nas, router, mutate, append, about }: Base): Promise<string> {
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
      secret,
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
  return deviceId;
}

function questions(tenant: TestNetwork['tenant']) {
  const accessFields =
    'username address mode device { name } session { id live downstreamOctets upstreamOctets }';
  const changesOf = async (serviceId: string) =>
    (
      await tenant.data<{ accessChanges: { edges: { node: ChangeAnswer }[] } }>(
        'network',
        `query ($id: ID!) { accessChanges(serviceId: $id) { edges { node {
          id mode state evidence steps { kind protocol command ok message } } } } }`,
        { id: serviceId },
      )
    ).accessChanges.edges.map((edge) => edge.node);
  return {
    changesOf,
    async accessOf(serviceId: string) {
      const data = await tenant.data<{ _entities: [{ access: AccessAnswer | null }] }>(
        'network',
        `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { access { ${accessFields} } } } }`,
        { r: [{ __typename: 'Service', id: serviceId }] },
      );
      return data._entities[0].access;
    },
    async settled(serviceId: string, count: number) {
      const [newest] = await tenant.eventually(
        () => changesOf(serviceId),
        (list) => list.length >= count && !['REQUESTED', 'APPLIED'].includes(list[0]?.state ?? 'REQUESTED'),
      );
      if (newest === undefined) throw new Error('There is no change');
      return newest;
    },
    async explain(username: string, password?: string) {
      const data = await tenant.data<{
        explainLogin: { decision: string; reason: string | null; steps: { fact: string }[] };
      }>(
        'network',
        `query ($username: String!, $password: String) {
          explainLogin(username: $username, nasAddress: "127.0.0.1", password: $password) {
            decision reason steps { check passed fact } } }`,
        { username, password },
      );
      return data.explainLogin;
    },
  };
}

function subscribers({ tenant, nas, append, about, mutate }: Base) {
  const { accessOf, explain } = questions(tenant);
  let ordered = 0;
  return {
    async order(planId = 'pln_50', wanted: string | null = null): Promise<TestService> {
      const number = ++ordered;
      const serviceId = `svc_test${String(number).padStart(8, '0')}`;
      const customerId = `cus_${number}`;
      await append({
        ...about(serviceId),
        type: 'service.ordered',
        payload: { serviceId, customerId, planId, username: wanted },
      });
      const access = await tenant.eventually(
        () => accessOf(serviceId),
        (answer) => answer !== null,
      );
      const revealed = await mutate(
        'revealAccessPassword',
        { serviceId, reason: 'install visit' },
        '... on RevealedPassword { password }',
      );
      return {
        serviceId,
        customerId,
        username: access?.username ?? '',
        address: access?.address ?? null,
        password: String(revealed.password),
        mac: `cc:2d:e0:00:00:${number.toString(16).padStart(2, '0')}`,
      };
    },
    async online({ username, password, mac }: TestService) {
      await tenant.eventually(
        () => explain(username, password),
        (answer) => answer.decision !== 'REJECT',
      );
      const login = await nas.login(username, password, { mac });
      if (login.session === null) throw new Error(`The login was ${login.reason}`);
      return { login, session: login.session };
    },
    lock: ({ serviceId, customerId }: TestService, locks: LockReason[]) =>
      append({
        ...about(serviceId),
        type: 'service.locks.changed',
        payload: { serviceId, customerId, locks, because: 'invoice 7 is overdue' },
      }),
  };
}
