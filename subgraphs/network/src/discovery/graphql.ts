import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import { builder, type NetworkContext } from '../builder.ts';
import { fingerprintOf } from '../change/apply.ts';
import { SnmpUserInput } from '../device/input.ts';
import { registerDevice } from '../device/register.ts';
import { checkName, type ManagementAddressInput, managementAddressesOf } from '../device/rules.ts';
import { deviceOfRow } from '../port-fields.ts';
import { ChangeModeEnum, DeviceRef } from '../types.ts';
import { discoveryPurpose, discoveryQueue } from './jobs.ts';
import { addressesPerSecond, discoveryRanges, mostCredentials, rangeText } from './rules.ts';
import {
  cancelDiscovery,
  type Discovery,
  type DiscoveryProposal,
  discoveryById,
  insertDiscovery,
  lockedProposal,
  ownBlocks,
  proposalBecame,
  proposalsOf,
  recentDiscoveries,
} from './store.ts';

const DiscoveryStateEnum = builder.enumType('DiscoveryState', {
  values: ['RUNNING', 'DONE', 'CANCELLED'] as const,
});

const ProposalRef = builder.objectRef<DiscoveryProposal>('DiscoveryProposal').implement({
  description: 'A device that was found. It is not in the inventory before somebody confirms it.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    host: t.exposeString('host'),
    port: t.exposeInt('port'),
    credential: t.exposeInt('credential', {
      description: 'Which of the credentials it answered to, from 0; the credential itself is never shown.',
    }),
    sysName: t.exposeString('sysName', { nullable: true }),
    sysDescr: t.exposeString('sysDescr', { nullable: true }),
    vendor: t.exposeString('vendor', { nullable: true }),
    operatingSystem: t.exposeString('os', { nullable: true }),
    model: t.exposeString('model', { nullable: true }),
    version: t.exposeString('version', { nullable: true }),
    serial: t.exposeString('serial', { nullable: true }),
    profiles: t.stringList({
      description: 'What its readings would come from.',
      resolve: ({ profiles }) => [...profiles],
    }),
    knownDevice: t.field({
      type: DeviceRef,
      nullable: true,
      description: 'It had this address already when it was found.',
      resolve: ({ knownDeviceId }, _args, { loaders }) =>
        knownDeviceId === null ? null : loaders.device.load(knownDeviceId),
    }),
    device: t.field({ ...deviceOfRow, description: 'What it became when it was confirmed.' }),
    foundAt: t.expose('foundAt', { type: 'DateTime' }),
  }),
});

const DiscoveryRef = builder.objectRef<Discovery>('Discovery').implement({
  description: 'A search for devices in ranges of addresses.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    ranges: t.stringList({ resolve: ({ ranges }) => [...ranges] }),
    credentials: t.stringList({
      description: 'Their kinds in the order they are tried, such as "v2c community" and "v3 user noc".',
      resolve: ({ credentialLabels }) => [...credentialLabels],
    }),
    state: t.field({ type: DiscoveryStateEnum, resolve: ({ state }) => state }),
    total: t.exposeInt('total', { description: 'Addresses.' }),
    done: t.exposeInt('done', { description: 'Addresses looked at so far.' }),
    startedBy: t.exposeString('startedBy'),
    startedAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true }),
    proposals: t.field({
      type: [ProposalRef],
      resolve: async ({ id }, _args, { services }) => proposalsOf(services.database, [id]),
    }),
  }),
});

builder.queryFields((t) => ({
  discovery: t.field({
    type: DiscoveryRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, { id }, { services }) => discoveryById(services.database, id),
  }),
  discoveries: t.field({
    type: [DiscoveryRef],
    description: 'The newest 20.',
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => recentDiscoveries(services.database, 20),
  }),
}));

interface DiscoveryPlan {
  readonly addresses: number;
  readonly seconds: number;
  readonly ranges: readonly string[];
  readonly credentials: readonly string[];
  readonly fingerprint: string;
  readonly discovery: Discovery | null;
}

const DiscoveryPlanRef = builder.objectRef<DiscoveryPlan>('DiscoverDevicesResult').implement({
  fields: (t) => ({
    addresses: t.exposeInt('addresses'),
    seconds: t.exposeInt('seconds', {
      description: 'The least it takes: addresses are begun with at a bounded rate.',
    }),
    ranges: t.stringList({ resolve: ({ ranges }) => [...ranges] }),
    credentials: t.stringList({ resolve: ({ credentials }) => [...credentials] }),
    fingerprint: t.exposeString('fingerprint'),
    discovery: t.field({
      type: DiscoveryRef,
      nullable: true,
      description: 'Of APPLY.',
      resolve: (plan) => plan.discovery,
    }),
  }),
});

const DiscoveryCredentialInput = builder.inputType('DiscoveryCredentialInput', {
  fields: (t) => ({
    community: t.string({ description: 'v2c; or a user.' }),
    user: t.field({ type: SnmpUserInput }),
  }),
});

const DiscoverDevicesInput = builder.inputType('DiscoverDevicesInput', {
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    ranges: t.stringList({
      required: true,
      description:
        'Private addresses, or addresses of your pools: 192.0.2.0/24, 192.0.2.10-192.0.2.40, or one.',
    }),
    port: t.int({ description: '161 when left out.' }),
    credentials: t.field({
      type: [DiscoveryCredentialInput],
      required: true,
      description: `At most ${mostCredentials}, tried in this order, each once at an address.`,
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('discoverDevices', (t) =>
  t.field({
    type: DiscoveryPlanRef,
    description:
      'Searches ranges for devices that speak SNMP. What is found are proposals; nothing enters the inventory by itself.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: DiscoverDevicesInput, required: true }) },
    resolve: async (_root, { input }, { services, principal }): Promise<DiscoveryPlan> => {
      const { ranges, total } = discoveryRanges(
        input.ranges,
        await ownBlocks(services.database),
        services.tenant?.demo === true,
      );
      const { labels, credentials, port } = credentialsOf(input.credentials, input.port ?? null);
      const texts = ranges.map(rangeText);
      const plan = {
        addresses: total,
        seconds: Math.ceil(total / addressesPerSecond),
        ranges: texts,
        credentials: labels,
        fingerprint: fingerprintOf('discovery', JSON.stringify([texts, port]), [
          services.secrets.digest(JSON.stringify(credentials), 'plan:discovery'),
        ]),
        discovery: null,
      };
      if (input.mode === 'PLAN') return plan;
      if (input.fingerprint !== plan.fingerprint) throw new StalePlanError();
      const id = newId('dcv', services.clock);
      const discovery = await services.database.transaction().execute(async (transaction) => {
        const inserted = await insertDiscovery(transaction, {
          id,
          ranges: texts,
          port,
          credentials: Buffer.from(services.secrets.seal(JSON.stringify(credentials), discoveryPurpose(id))),
          credentialLabels: labels,
          total,
          startedBy: principal.id,
          createdAt: new Date(services.clock.now()),
        });
        if (inserted === null)
          throw new ConflictError('DISCOVERY_RUNNING', 'Another search is running; wait for it or cancel it');
        await services.jobs.enqueue(transaction as never, discoveryQueue, { discoveryId: id });
        return inserted;
      });
      return { ...plan, discovery };
    },
  }),
);

/** As the driver takes them, and in words. @throws ValidationError */
function credentialsOf(
  inputs: readonly {
    readonly community?: string | null | undefined;
    readonly user?: NonNullable<ManagementAddressInput['snmp']>['user'] | undefined;
  }[],
  port: number | null,
): { labels: string[]; credentials: object[]; port: number } {
  if (inputs.length === 0 || inputs.length > mostCredentials)
    throw new ValidationError('input.credentials', `Give 1 to ${mostCredentials} credentials`);
  const addresses = inputs.flatMap(({ community, user }) =>
    managementAddressesOf({ snmp: { host: '192.0.2.1', port, community, user: user ?? null } }),
  );
  return {
    labels: inputs.map(({ user }) => (user == null ? 'v2c community' : `v3 user ${user.name}`)),
    credentials: addresses.map(({ credential }) => credential),
    port: addresses[0]?.port ?? 161,
  };
}

builder.mutationField('cancelDiscovery', (t) =>
  t.field({
    type: DiscoveryRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError] },
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, { id }, { services }) => {
      const discovery = await cancelDiscovery(services.database, id, new Date(services.clock.now()));
      if (discovery === null) throw new NotFoundError('Discovery', id);
      return discovery;
    },
  }),
);

const ConfirmProposalInput = builder.inputType('ConfirmDiscoveredDeviceInput', {
  fields: (t) => ({
    proposalId: t.id({ required: true }),
    name: t.string({ description: 'Its sysName, else its address, when left out.' }),
    siteId: t.id(),
    parentId: t.id({ description: 'The device through which it reaches the network.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('confirmDiscoveredDevice', (t) =>
  t.field({
    type: DeviceRef,
    description: 'Takes a proposal into the inventory, with the credential it answered to.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: ConfirmProposalInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const { services, principal, traceId, poller } = context;
      const siteId = input.siteId ?? null;
      const parentId = input.parentId ?? null;
      await mustExist(context, siteId, parentId);
      const device = await services.database.transaction().execute(async (transaction) => {
        const proposal = await lockedProposal(transaction, input.proposalId);
        if (proposal === null) throw new NotFoundError('DiscoveryProposal', input.proposalId);
        if (proposal.deviceId !== null)
          throw new ConflictError('ALREADY_CONFIRMED', `${proposal.host} is in the inventory already`);
        const discovery = await discoveryById(transaction, proposal.discoveryId);
        if (discovery === null) throw new NotFoundError('Discovery', proposal.discoveryId);
        const credentials = JSON.parse(
          services.secrets.open(discovery.credentials, discoveryPurpose(discovery.id)),
        ) as Record<string, unknown>[];
        const name = checkName(input.name ?? proposal.sysName ?? proposal.host);
        const { host, port } = proposal;
        const credential = credentials[proposal.credential] ?? {};
        const registered = await registerDevice(
          transaction,
          services,
          { name, siteId, parentId, addresses: [{ protocol: 'SNMP', host, port, credential }] },
          { actor: principal.id, traceId },
        );
        await proposalBecame(transaction, proposal.id, registered.id);
        return registered;
      });
      poller.refresh();
      return device;
    },
  }),
);

async function mustExist(
  { loaders }: NetworkContext,
  siteId: string | null,
  parentId: string | null,
): Promise<void> {
  if (siteId !== null && (await loaders.site.load(siteId)) === null) throw new NotFoundError('Site', siteId);
  if (parentId !== null && (await loaders.device.load(parentId)) === null)
    throw new NotFoundError('Device', parentId);
}
