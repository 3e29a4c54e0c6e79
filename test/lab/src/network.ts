import { type Clock, systemClock } from '@dotmac/device';
import { type SimulatedNas, startNas } from './radius/index.ts';
import type { NasSession } from './radius/session.ts';
import { type RouterosSimulator, startRouterosSimulator, suspensionRules } from './routeros/index.ts';
import {
  accessPoint,
  accessSwitch,
  type RunningSnmpAgent,
  siteUps,
  startSnmpAgents,
  towerRouter,
} from './snmp/index.ts';

/** Ports that a simulated network keeps over restarts; 0 or absent takes a free one. */
export interface LabPorts {
  readonly snmp?: Readonly<Record<string, number>>;
  readonly routeros?: number;
  readonly coa?: number;
}

export interface LabNetworkOptions {
  /** The tenant's RADIUS server. */
  readonly radius: {
    readonly host: string;
    readonly authPort: number;
    readonly acctPort: number;
    readonly secret: string;
  };
  readonly routerosPassword: string;
  readonly ports?: LabPorts;
  /** Where what has no port yet is put; any free port when absent. */
  readonly choosePort?: () => Promise<number>;
  readonly clock?: Clock;
}

/**
 * An ISP's site on loopback: an access router that is one device with three faces (SNMP agent, RouterOS API, RADIUS
 * NAS), a switch, an access point and a UPS. What RADIUS does to a session shows on the router's API at once.
 */
export interface LabNetwork {
  readonly nas: SimulatedNas;
  readonly routeros: RouterosSimulator;
  readonly agents: ReadonlyMap<string, RunningSnmpAgent>;
  /** A device's SNMP agent. Throws `RangeError` for one that is not there, saying which are. */
  agentOf(device: string): RunningSnmpAgent;
  readonly ports: Required<LabPorts>;
  /** Power at the site: an access router without it answers nothing and its sessions vanish. */
  setPower(on: boolean): Promise<void>;
  /** A muted device answers no management protocol, while what it carries goes on. Throws as `agentOf`. */
  setMuted(device: string, muted: boolean): void;
  close(): Promise<void>;
}

export const routerUser = 'dotmac';

export async function startLabNetwork(options: LabNetworkOptions): Promise<LabNetwork> {
  const { clock = systemClock, ports = {}, choosePort = async () => 0, radius } = options;
  const devices = [towerRouter, accessSwitch, accessPoint, siteUps];
  const placed = devices.map(async (device) => ({
    ...device,
    port: ports.snmp?.[device.id] ?? (await choosePort()),
  }));
  const snmp = await startSnmpAgents(await Promise.all(placed), { clock });
  const routeros = await startRouterosSimulator(
    {
      name: 'tower-1-router',
      version: '7.15.3 (stable)',
      boardName: 'RB5009UPr+S+',
      serialNumber: 'HLAB0000001',
      users: [{ name: routerUser, password: options.routerosPassword }],
      interfaces: [{ name: 'sfp-sfpplus1' }, { name: 'ether1' }, { name: 'ether2' }, { name: 'ether3' }],
      rows: suspensionRules,
    },
    { port: ports.routeros ?? (await choosePort()), clock },
  );
  const { router } = routeros;
  const show = (session: NasSession) => ({
    ...rateLimitOf(session),
    ...(session.addressList === null ? {} : { addressList: session.addressList }),
  });
  const nas = await startNas({
    secret: radius.secret,
    authHost: radius.host,
    authPort: radius.authPort,
    acctPort: radius.acctPort,
    coaPort: ports.coa ?? (await choosePort()),
    clock,
    utilisation: 0.2,
    automaticInterim: true,
    onSession(session) {
      router.removeSession(session.username);
      router.addSession({
        username: session.username,
        address: session.address ?? '0.0.0.0',
        callerId: session.mac,
        sessionId: session.id,
        ...show(session),
      });
    },
    onSessionChange: (session) => void router.updateSession(session.username, show(session)),
    onSessionEnd: (session) => void router.removeSession(session.username),
  });
  // A session that is removed over the API ends on the NAS too.
  router.onSessionRemoved = ({ sessionId }) => {
    if (nas.sessions.has(sessionId)) void nas.logout(sessionId, 'Admin-Reset');
  };
  const agents = new Map(snmp.agents.map((agent) => [agent.id, agent]));
  const agentOf = (device: string) => {
    const agent = agents.get(device);
    if (agent === undefined)
      throw new RangeError(`There is no device "${device}"; there are: ${[...agents.keys()].join(', ')}`);
    return agent;
  };
  return {
    nas,
    routeros,
    agents,
    agentOf,
    ports: {
      snmp: Object.fromEntries(snmp.agents.map((agent) => [agent.id, agent.port])),
      routeros: routeros.port,
      coa: nas.coaPort,
    },
    async setPower(on) {
      agentOf(towerRouter.id).setSilent(!on);
      routeros.behaviour.fatalBeforeLogin = on ? null : 'no power';
      if (on) {
        nas.setCoaBehaviour({ kind: 'obey' });
        await nas.crash();
        return;
      }
      nas.setCoaBehaviour({ kind: 'ignore' });
      nas.powerOff();
      routeros.dropConnections();
    },
    setMuted(device, muted) {
      agentOf(device).setSilent(muted);
      if (device !== towerRouter.id) return;
      routeros.behaviour.fatalBeforeLogin = muted ? 'too busy' : null;
      if (muted) routeros.dropConnections();
    },
    async close() {
      await nas.close();
      await routeros.close();
      await snmp.close();
    },
  };
}

/** As MikroTik writes it: upload/download. */
function rateLimitOf({ shaping }: NasSession): { rateLimit?: string } {
  if (shaping === null) return {};
  return { rateLimit: `${shaping.upstream.bitsPerSecond}/${shaping.downstream.bitsPerSecond}` };
}
