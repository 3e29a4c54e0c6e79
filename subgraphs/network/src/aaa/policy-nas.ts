import type { Nas as RadiusNas, RadSecCertificate, SharedSecret } from '@dotmac/radius';
import type { NetworkServices } from '../builder.ts';
import { type NasSecret, rotationRuns } from '../nas/rotation.ts';
import { type Nas, secretPurpose } from '../nas/store.ts';
import { openSecret } from './open-secret.ts';
import type { RadiusPort } from './port.ts';

/** A NAS as the policy holds it: what the server needs, and what replies depend on. */
export interface PolicyNas extends RadiusNas {
  readonly row: Nas;
  presumedSecret: SharedSecret;
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

/**
 * As rows are. A NAS whose secret does not open is not answered.
 * @param presumed which secret a NAS with two is thought to use.
 */
export function nasTable(
  services: NetworkServices,
  sharedSecret: RadiusPort['sharedSecret'],
  rows: readonly Nas[],
  now: number,
  presumed: (row: Nas) => NasSecret,
): NasTable {
  const answered = rows.flatMap((row): PolicyNas[] => {
    const sealed = [row.secret, rotationRuns(row, now) ? row.previousSecret : null];
    const [current, previous] = sealed.map((one) => {
      const opened = one === null ? null : openSecret(services, one, secretPurpose(row.id));
      return opened === null ? null : sharedSecret(opened);
    });
    if (current == null) return [];
    const { id, requireMessageAuthenticator, messageAuthenticatorSeen, limitProxyState } = row;
    const secrets: PolicyNas['secrets'] = previous == null ? [current] : [current, previous];
    const presumedSecret = previous != null && presumed(row) === 'PREVIOUS' ? previous : current;
    return [
      {
        id,
        secrets,
        presumedSecret,
        requireMessageAuthenticator,
        messageAuthenticatorSeen,
        limitProxyState,
        row,
      },
    ];
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
