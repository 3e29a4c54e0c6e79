import { join } from 'node:path';
import { isDatabaseOutage, type Logger } from '@dotmac/platform';
import { AccountingSpool, startRadiusServer } from '@dotmac/radius';
import type { NetworkModule } from '@dotmac/subgraph-network';

interface Port {
  readonly host: string;
  readonly port: number;
}

/** A tenant's door for its NASes; its module's policy must know everybody by now. Closed in the order of need. */
export async function openRadius(
  module: NetworkModule,
  ports: { readonly auth: Port; readonly accounting: Port; readonly radSec: Port | undefined },
  { stateFolder, logger }: { readonly stateFolder: string; readonly logger: Logger },
): Promise<AsyncDisposable> {
  const { policy, tap, dictionary, accountingSink, unrecorded, nasWatch, eap, radSec, nasOf } = module;
  await using stack = new AsyncDisposableStack();
  // Without the database, accounting is kept on disk and answered: a NAS forgets what nobody answers.
  const accounting = await AccountingSpool.open({
    sink: accountingSink,
    folder: join(stateFolder, 'accounting'),
    findNas: nasOf,
    isOutage: isDatabaseOutage,
    onSpooled: (batch) => unrecorded.heard(batch),
    onStateChange: (state) => {
      if (state === 'DIRECT') unrecorded.over();
      logger.warn({ state }, 'RADIUS: where accounting goes has changed');
    },
    onLost: (record, reason) =>
      logger.error({ nas: record?.nasId, reason }, 'RADIUS: an accounting record could not be handed over'),
  });
  stack.defer(() => accounting.close());
  const radius = await startRadiusServer({
    policy,
    tap,
    dictionary,
    accounting,
    onMessageAuthenticatorSeen: module.onMessageAuthenticatorSeen,
    onSecretProven: module.onSecretProven,
    host: ports.auth.host,
    authPort: ports.auth.port,
    acctPort: ports.accounting.port,
    ...(ports.radSec === undefined ? {} : { radSec: ports.radSec }),
    onAnomaly: (anomaly) => {
      nasWatch.anomaly(anomaly);
      logger.warn({ anomaly }, 'RADIUS: something is wrong with a NAS');
    },
    onError: (error) => logger.error({ error }, 'RADIUS: a socket failed'),
  });
  stack.defer(() => radius.close());
  eap.server = radius;
  if (radius.radSec !== null) stack.defer(radSec.attach(radius.radSec));
  nasWatch.server = {
    counters: radius.counters,
    ports: [radius.authPort, radius.acctPort].filter((port) => port !== null),
  };
  return stack.move();
}
