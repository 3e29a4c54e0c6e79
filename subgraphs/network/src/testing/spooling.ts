import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type SimulatedNas, startNas } from '@dotmac/lab/radius';
import { type Clock, isDatabaseOutage, systemClock } from '@dotmac/platform';
import { AccountingSpool, type RadiusServer, startRadiusServer } from '@dotmac/radius';
import { radiusSecret } from './access-router.ts';
import type { TestNetwork } from './network.ts';

/** A second way into an ISP, whose accounting outlives the database as a tenant's does. */
export interface Spooling extends AsyncDisposable {
  readonly nas: SimulatedNas;
  readonly authPort: number;
  /** Why records were lost. */
  readonly lost: readonly unknown[];
  /** Whether records wait on disk. */
  spooling(): boolean;
  /** Another server and another spool on the same ports and files. */
  restart(): Promise<void>;
}

/** @param folder for the spool; removed in the end. */
export async function startSpooling(
  { module }: TestNetwork,
  folder: string,
  clock: Clock = systemClock,
): Promise<Spooling> {
  const { policy, accountingSink, unrecorded, onMessageAuthenticatorSeen } = module;
  const lost: unknown[] = [];
  const openSpool = () =>
    AccountingSpool.open({
      sink: accountingSink,
      folder: join(folder, 'accounting'),
      retryMs: 50,
      findNas: (_id, sourceAddress) => policy.findNas(sourceAddress),
      isOutage: isDatabaseOutage,
      onLost: (_record, reason) => lost.push(reason),
      onSpooled: (batch) => unrecorded.heard(batch),
      onStateChange: (state) => state === 'DIRECT' && unrecorded.over(),
    });
  const serve = (accounting: AccountingSpool, authPort: number, acctPort: number): Promise<RadiusServer> =>
    startRadiusServer({
      policy,
      accounting,
      clock,
      onMessageAuthenticatorSeen,
      host: '127.0.0.1',
      authPort,
      acctPort,
      rejectDelayMs: 0,
    });
  let spool = await openSpool();
  let server = await serve(spool, 0, 0);
  const [authPort, acctPort] = [server.authPort ?? 0, server.acctPort ?? 0];
  const waitsMs = [2_000, 2_000, 2_000];
  const nas = await startNas({
    secret: radiusSecret,
    clock,
    authHost: '127.0.0.1',
    authPort,
    acctPort,
    waitsMs,
  });
  const stop = async () => {
    await server.close();
    await spool.close();
  };
  return {
    nas,
    authPort,
    lost,
    spooling: () => spool.spooling,
    async restart() {
      await stop();
      spool = await openSpool();
      server = await serve(spool, authPort, acctPort);
    },
    async [Symbol.asyncDispose]() {
      await nas.close();
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
