import type { Nas as RadiusNas } from '@dotmac/radius';
import type { NetworkServices } from '../builder.ts';
import { allNases, type Nas, secretPurpose } from '../nas/store.ts';
import { openSecret } from './open-secret.ts';
import type { RadiusPort } from './port.ts';

/** A NAS as the policy holds it: what the server needs, and what replies depend on. */
export interface PolicyNas extends RadiusNas {
  readonly row: Nas;
}

/** The NASes there are: those that are answered by their source address, and the rows of all by id. */
export interface NasTable {
  readonly byAddress: ReadonlyMap<string, PolicyNas>;
  readonly rows: ReadonlyMap<string, Nas>;
}

export const noNases: NasTable = { byAddress: new Map(), rows: new Map() };

/** Reads all of them. One whose secret does not open is not answered. */
export async function loadNases(
  services: NetworkServices,
  sharedSecret: RadiusPort['sharedSecret'],
): Promise<NasTable> {
  const rows = await allNases(services.database);
  const byAddress = new Map<string, PolicyNas>();
  for (const row of rows) {
    const [current, previous] = [row.secret, row.previousSecret].map((sealed) => {
      const opened = sealed === null ? null : openSecret(services, sealed, secretPurpose(row.id));
      return opened === null ? null : sharedSecret(opened);
    });
    if (current == null) continue;
    byAddress.set(row.sourceAddress, {
      id: row.id,
      secrets: previous == null ? [current] : [current, previous],
      requireMessageAuthenticator: row.requireMessageAuthenticator,
      messageAuthenticatorSeen: row.messageAuthenticatorSeen,
      limitProxyState: row.limitProxyState,
      row,
    });
  }
  return { byAddress, rows: new Map(rows.map((row) => [row.id, row])) };
}
