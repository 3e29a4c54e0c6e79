import { newId } from '@dotmac/platform';
import { ValidationError } from '@dotmac/schema';
import type { NetworkServices } from '../builder.ts';
import { certificatesOf, checkIdentity } from '../certificate/rules.ts';
import { homeServerKeyPurpose, homeServerPurpose, type StoredServer } from './store.ts';

/** What a server over UDP has of TLS. */
export const overUdp = {
  transport: 'UDP',
  serverName: null,
  authorities: null,
  certificate: null,
  privateKey: null,
} as const;

interface WantedRadSec {
  readonly serverName?: string | null | undefined;
  readonly authorities: string;
  readonly certificate: string;
  readonly privateKey?: string | null | undefined;
}

/**
 * A home server over TLS, its key sealed.
 * @param known the one at this address, whose key may stay.
 * @throws ValidationError naming the server.
 */
export function radSecServer(
  wanted: Pick<
    StoredServer,
    'host' | 'authPort' | 'acctPort' | 'requireMessageAuthenticator' | 'place' | 'realmId'
  >,
  { serverName = null, authorities, certificate, privateKey = null }: WantedRadSec,
  known: StoredServer | null,
  { clock, secrets }: NetworkServices,
): StoredServer {
  const field = `input.servers.${wanted.place}.radSec`;
  certificatesOf(`${field}.authorities`, authorities);
  checkIdentity(field, certificate, privateKey, clock.now());
  const tls = { transport: 'RADSEC', serverName, authorities, certificate } as const;
  if (privateKey === null) {
    if (known?.certificate !== certificate)
      throw new ValidationError(`${field}.privateKey`, 'A new certificate comes with its key');
    return { ...known, ...wanted, ...tls };
  }
  const id = newId('hsv', clock);
  return {
    ...wanted,
    ...tls,
    id,
    // Over TLS the secret is a word that everybody knows (RFC 6614 §2.3).
    secret: Buffer.from(secrets.seal('radsec', homeServerPurpose(id))),
    privateKey: Buffer.from(secrets.seal(privateKey, homeServerKeyPurpose(id))),
  };
}
