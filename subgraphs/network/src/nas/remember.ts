import type { Nas as RadiusNas } from '@dotmac/radius';
import type { NetworkServices } from '../builder.ts';
import { updateNas } from './store.ts';

/** Keeps that a NAS signs its requests, so that after a restart it still must. */
export function rememberMessageAuthenticator({ database, logger }: NetworkServices) {
  return ({ id }: RadiusNas): void => {
    database
      .transaction()
      .execute((transaction) => updateNas(transaction, id, { messageAuthenticatorSeen: true }))
      .catch((error: unknown) =>
        logger.warn(
          { error, nasId: id },
          'that the NAS signs its requests could not be kept; it will be seen again',
        ),
      );
  };
}
