import type { TestAuthority } from '@dotmac/radius/certificates';
import type { TestNetwork } from './network.ts';

/** A plan, and for every field of its input what would make it another one. */
export interface PlanCase {
  readonly input: object;
  readonly changes: Readonly<Record<string, object>>;
}

/**
 * Plans of every PLAN mutation of the network, on an ISP that has what they need.
 * @param applied plans and applies.
 */
export async function planCases(
  isp: TestNetwork,
  authority: TestAuthority,
  applied: (field: string, input: object) => Promise<void>,
): Promise<Record<string, readonly PlanCase[]>> {
  const made = async (field: string, input: object, type: string) =>
    String((await isp.mutate(field, input, `... on ${type} { id }`)).id);
  const [ada, bob] = [await isp.order(), await isp.order()];
  await isp.online(ada);
  await isp.online(bob);
  const sessionIds = await isp.tenant.eventually(
    async () =>
      (
        await isp.tenant.data<{ sessions: { edges: { node: { id: string } }[] } }>(
          'network',
          '{ sessions(first: 2) { edges { node { id } } } }',
        )
      ).sessions.edges.map(({ node }) => node.id),
    (ids) => ids.length === 2,
  );
  const nases: string[] = [];
  for (const last of [1, 2, 3, 4])
    nases.push(
      await made(
        'registerNas',
        {
          name: `nas-${last}`,
          sourceAddress: `192.0.2.${last}`,
          secret: 'first-secret',
          profile: 'generic',
        },
        'Nas',
      ),
    );
  for (const id of nases.slice(2)) await applied('rotateNasSecret', { id, secret: 'second-secret' });
  const snmp = { host: '127.0.0.1', port: 1, community: 'public' };
  const deviceId = await made('registerDevice', { name: 'other', snmp }, 'Device');
  const sites = [
    await made('createSite', { name: 'A' }, 'Site'),
    await made('createSite', { name: 'B' }, 'Site'),
  ];
  const groups = [
    await made('createDeviceGroup', { name: 'A' }, 'DeviceGroup'),
    await made('createDeviceGroup', { name: 'B' }, 'DeviceGroup'),
  ];
  const poolId = await made('createAddressPool', { name: 'business', cidr: '100.65.0.0/26' }, 'AddressPool');
  const rule = {
    name: 'warm',
    metric: 'SENSOR_VALUE',
    severity: 'MINOR',
    sensorClass: 'temperature',
    raiseAbove: 60,
    clearBelow: 50,
  };
  const low = { raiseAbove: undefined, clearBelow: undefined, raiseBelow: 5, clearAbove: 10 };
  for (const name of ['kept', 'kept too']) await applied('addAlarmRule', { ...rule, name });
  await applied('addAlarmRule', { ...rule, ...low, name: 'low' });
  const { alarmRules } = await isp.tenant.data<{ alarmRules: { id: string; name: string }[] }>(
    'network',
    '{ alarmRules { id name } }',
  );
  const own = (name: string) => alarmRules.find((one) => one.name === name)?.id;
  const rules = ['kept', 'kept too', 'low'].map(own);
  const vendor = (name: string, number: number) =>
    `VENDOR ${name} ${number}\nBEGIN-VENDOR ${name}\nATTRIBUTE ${name}-Level 1 integer\nEND-VENDOR ${name}\n`;
  for (const [name, number] of [
    ['One', 60_001],
    ['Two', 60_002],
  ] as const)
    await applied('addRadiusDictionary', {
      name: `dictionary.${name.toLowerCase()}`,
      text: vendor(name, number),
    });
  const [one, two] = [await authority.issue('one.example'), await authority.issue('two.example')];
  const foreign = authority.authority.cert;
  const identity = { certificate: one.cert, privateKey: one.key };
  const another = { certificate: two.cert, privateKey: two.key };
  const revocations = await authority.revoke(two);
  const home = { host: '192.0.2.9', authPort: 1812, secret: 'home-secret' };
  const profile = (id: string) =>
    JSON.stringify({
      id,
      match: { enterprise: [64_999] },
      identity: { model: [{ oid: '1.3.6.1.4.1.64999.1.1.0' }] },
    });
  const single: Record<string, PlanCase> = {
    applyAccess: {
      input: { serviceId: ada.serviceId },
      changes: { serviceId: { serviceId: bob.serviceId } },
    },
    disconnectSession: {
      input: { sessionId: sessionIds[0] },
      changes: { sessionId: { sessionId: sessionIds[1] } },
    },
    setAccessSpeed: {
      input: {
        serviceId: ada.serviceId,
        downstream: '9000000',
        upstream: '8000000',
        until: '2099-01-01T00:00:00Z',
      },
      changes: {
        serviceId: { serviceId: bob.serviceId },
        downstream: { downstream: '9000001' },
        upstream: { upstream: '8000001' },
        until: { until: '2099-01-02T00:00:00Z' },
      },
    },
    assignAddress: {
      input: {
        serviceId: ada.serviceId,
        address: '100.64.0.40',
        ipv6Prefix: '2001:db8:1::/64',
        delegatedPrefix: '2001:db8:2::/56',
      },
      changes: {
        serviceId: { serviceId: bob.serviceId },
        address: { address: '100.64.0.41' },
        poolId: { address: undefined, poolId },
        ipv6Prefix: { ipv6Prefix: '2001:db8:3::/64' },
        delegatedPrefix: { delegatedPrefix: '2001:db8:4::/56' },
      },
    },
    setLoginLimits: {
      input: { serviceId: ada.serviceId, macLimit: 2 },
      changes: {
        serviceId: { serviceId: bob.serviceId },
        macLimit: { macLimit: 3 },
        macs: { macs: ['cc:2d:e0:00:00:77'] },
        nasIds: { nasIds: [nases[0]] },
        portIds: { portIds: ['ether7'] },
        circuitIds: { circuitIds: ['line 7'] },
        kickOldest: { kickOldest: true },
      },
    },
    setLoginTerms: {
      input: {
        serviceId: ada.serviceId,
        validUntil: '2099-01-01T00:00:00Z',
        hoursFrom: '08:00',
        hoursTo: '09:00',
      },
      changes: {
        serviceId: { serviceId: bob.serviceId },
        validUntil: { validUntil: '2099-01-02T00:00:00Z' },
        sessionSeconds: { sessionSeconds: 3_600 },
        daySeconds: { daySeconds: 3_600 },
        monthSeconds: { monthSeconds: 3_600 },
        dayOctets: { dayOctets: '1000000000' },
        monthOctets: { monthOctets: '1000000000' },
        totalOctets: { totalOctets: '1000000000' },
        hoursFrom: { hoursFrom: '08:30' },
        hoursTo: { hoursTo: '09:30' },
      },
    },
    setGardenRule: {
      input: { reason: 'EXPIRED', admitted: true },
      changes: {
        reason: { reason: 'UNPAID' },
        admitted: { admitted: false },
        addressList: { addressList: 'late' },
        filterId: { filterId: 'late' },
        pool: { pool: 'late' },
        redirectUrl: { redirectUrl: 'https://pay.example' },
      },
    },
    rotateNasSecret: {
      input: { id: nases[0], secret: 'second-secret' },
      changes: {
        id: { id: nases[1] },
        secret: { secret: 'another-secret' },
        overlapSeconds: { overlapSeconds: 600 },
      },
    },
    endNasSecretRotation: { input: { id: nases[2] }, changes: { id: { id: nases[3] } } },
    setRealm: {
      input: { name: 'one.example', servers: [home] },
      changes: {
        name: { name: 'two.example' },
        strip: { strip: true },
        enabled: { enabled: false },
        servers: { servers: [{ ...home, secret: 'another-secret' }] },
        'servers.host': { servers: [{ ...home, host: '192.0.2.8' }] },
        'servers.authPort': { servers: [{ ...home, authPort: 1645 }] },
        'servers.acctPort': { servers: [{ ...home, acctPort: 1813 }] },
        'servers.requireMessageAuthenticator': {
          servers: [{ ...home, requireMessageAuthenticator: false }],
        },
        'servers.radSec': {
          servers: [{ ...home, secret: undefined, radSec: { ...identity, authorities: foreign } }],
        },
      },
    },
    setRadSec: {
      input: { ...identity, authorities: foreign },
      changes: {
        enabled: { enabled: false },
        certificate: another,
        privateKey: another,
        authorities: { authorities: `${foreign}${foreign}` },
        revocations: { revocations },
      },
    },
    setEap: {
      input: { ...identity, methods: ['PEAP', 'TTLS', 'TLS'], clientAuthorities: foreign },
      changes: {
        methods: { methods: ['TTLS', 'PEAP', 'TLS'] },
        certificate: another,
        privateKey: another,
        clientAuthorities: { clientAuthorities: `${foreign}${foreign}` },
      },
    },
    addRadiusDictionary: {
      input: { name: 'dictionary.three', text: vendor('Three', 60_003) },
      changes: { name: { name: 'dictionary.four' }, text: { text: vendor('Three', 60_004) } },
    },
    removeRadiusDictionary: {
      input: { name: 'dictionary.one' },
      changes: { name: { name: 'dictionary.two' } },
    },
    importRadius: {
      input: { table: 'radcheck', content: 'username,attribute,op,value\nada,Cleartext-Password,:=,one\n' },
      changes: {
        table: { table: 'radreply' },
        content: { content: 'username,attribute,op,value\nada,Cleartext-Password,:=,two\n' },
      },
    },
    addDeviceProfile: {
      input: { content: profile('one') },
      changes: { content: { content: profile('two') } },
    },
    discoverDevices: {
      input: { ranges: ['10.0.0.0/30'], credentials: [{ community: 'public' }] },
      changes: {
        ranges: { ranges: ['10.0.0.4/30'] },
        port: { port: 1_161 },
        credentials: { credentials: [{ community: 'private' }] },
      },
    },
    moveDevice: {
      input: { id: deviceId, siteId: sites[0] },
      changes: { id: { id: isp.deviceId }, siteId: { siteId: sites[1] } },
    },
    setDevicesOfGroup: {
      input: { id: groups[0], deviceIds: [deviceId] },
      changes: { id: { id: groups[1] }, deviceIds: { deviceIds: [isp.deviceId] } },
    },
    addAlarmRule: {
      input: rule,
      changes: {
        name: { name: 'warmer' },
        metric: { metric: 'PROCESSOR_PERCENT', sensorClass: undefined },
        severity: { severity: 'MAJOR' },
        raiseAbove: { raiseAbove: 61 },
        clearBelow: { clearBelow: 51 },
        raiseBelow: low,
        clearAbove: low,
        sensorClass: { sensorClass: 'voltage' },
        sensorName: { sensorName: 'board' },
        raiseAfter: { raiseAfter: 5 },
        clearAfter: { clearAfter: 5 },
        degrades: { degrades: true, metric: 'PROCESSOR_PERCENT', sensorClass: undefined },
        scope: { scope: { siteId: sites[0] } },
      },
    },
    changeAlarmRule: {
      input: { id: rules[0], raiseAbove: 70, clearBelow: 50 },
      changes: {
        id: { id: rules[1] },
        severity: { severity: 'MAJOR' },
        raiseAbove: { raiseAbove: 71 },
        clearBelow: { clearBelow: 51 },
        raiseAfter: { raiseAfter: 5 },
        clearAfter: { clearAfter: 5 },
        enabled: { enabled: false },
        scope: { scope: { siteId: sites[0] } },
      },
    },
    scheduleMaintenance: {
      input: {
        deviceId,
        startsAt: '2099-01-01T01:00:00Z',
        endsAt: '2099-01-01T03:00:00Z',
        because: 'new antenna',
      },
      changes: {
        deviceId: { deviceId: isp.deviceId },
        startsAt: { startsAt: '2099-01-01T02:00:00Z' },
        endsAt: { endsAt: '2099-01-01T04:00:00Z' },
        because: { because: 'new mast' },
      },
    },
    removeAlarmRule: { input: { id: rules[0] }, changes: { id: { id: rules[1] } } },
  };
  const many: Record<string, readonly PlanCase[]> = Object.fromEntries(
    Object.entries(single).map(([field, one]) => [field, [one]]),
  );
  const changeOfLow = {
    input: { id: rules[2], raiseBelow: 4, clearAbove: 10 },
    changes: { raiseBelow: { raiseBelow: 3 }, clearAbove: { clearAbove: 11 } },
  };
  return { ...many, changeAlarmRule: [...(many.changeAlarmRule ?? []), changeOfLow] };
}
