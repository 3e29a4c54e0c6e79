import { startNas } from '@dotmac/lab/radius';
import { startRouterosSimulator, suspensionRules } from '@dotmac/lab/routeros';
import type { RadiusServer } from '@dotmac/radius';

export const radiusSecret = 'lab-radius-secret';
export const routerPassword = 'lab-router-password';

/** Its RADIUS side is the lab's NAS, its API the lab's RouterOS, and both agree on who is online. */
export async function startAccessRouter(server: RadiusServer) {
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
    secret: radiusSecret,
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
