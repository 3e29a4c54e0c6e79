import type { Nas as RadiusNas, RadSecCertificate } from '@dotmac/radius';
import type { NetworkServices } from '../builder.ts';
import { allNases, type Nas, secretPurpose } from '../nas/store.ts';
import { openSecret } from './open-secret.ts';
import type { RadiusPort } from './port.ts';

/** A NAS as the policy holds it: what the server needs, and what replies depend on. */
export interface PolicyNas extends RadiusNas {
  readonly row: Nas;
}

/** The NASes there are: those that are answered, by what they are known by, and the rows of all by id. */
export interface NasTable {
  readonly byId: ReadonlyMap<string, PolicyNas>;
  readonly byAddress: ReadonlyMap<string, PolicyNas>;
  /** Over TLS. */
  readonly byFingerprint: ReadonlyMap<string, PolicyNas>;
  readonly byCertificateName: ReadonlyMap<string, PolicyNas>;
  readonly rows: ReadonlyMap<string, Nas>;
}

export const noNases: NasTable = {
  byId: new Map(),
  byAddress: new Map(),
  byFingerprint: new Map(),
  byCertificateName: new Map(),
  rows: new Map(),
};

/** Reads all of them. One whose secret does not open is not answered. */
export async function loadNases(
  services: NetworkServices,
  sharedSecret: RadiusPort['sharedSecret'],
): Promise<NasTable> {
  const rows = await allNases(services.database);
  const answered = rows.flatMap((row): PolicyNas[] => {
    const [current, previous] = [row.secret, row.previousSecret].map((sealed) => {
      const opened = sealed === null ? null : openSecret(services, sealed, secretPurpose(row.id));
      return opened === null ? null : sharedSecret(opened);
    });
    if (current == null) return [];
    const { id, requireMessageAuthenticator, messageAuthenticatorSeen, limitProxyState } = row;
    const secrets: PolicyNas['secrets'] = previous == null ? [current] : [current, previous];
    return [{ id, secrets, requireMessageAuthenticator, messageAuthenticatorSeen, limitProxyState, row }];
  });
  const by = (key: (row: Nas) => string | null) =>
    new Map(
      answered.flatMap((nas) => {
        const value = key(nas.row);
        return value === null ? [] : [[value, nas] as const];
      }),
    );
  return {
    byId: by(({ id }) => id),
    byAddress: by(({ sourceAddress }) => sourceAddress),
    byFingerprint: by(({ certificateFingerprint }) => certificateFingerprint),
    byCertificateName: by(({ certificateName }) => certificateName),
    rows: new Map(rows.map((row) => [row.id, row])),
  };
}

/** Whose certificate it is: by its fingerprint, else by its names. Null also for one whose names are those of several. */
export function nasOfCertificate(
  { byFingerprint, byCertificateName }: Pick<NasTable, 'byFingerprint' | 'byCertificateName'>,
  { fingerprint, names }: Pick<RadSecCertificate, 'fingerprint' | 'names'>,
): PolicyNas | null {
  const pinned = byFingerprint.get(fingerprint);
  if (pinned !== undefined) return pinned;
  const named = new Set(names.flatMap((name) => byCertificateName.get(name) ?? []));
  const [only = null] = named;
  return named.size === 1 ? only : null;
}
