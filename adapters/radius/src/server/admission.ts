import { attributeTypes } from '../packet/codes.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';
import type { Nas } from './nas.ts';
import { provenByMessageAuthenticator, type Received } from './reception.ts';

/** Why an Access-Request is dropped before anybody looks at what it asks. */
export type RefusedUnread =
  | 'BAD_AUTHENTICATOR'
  | 'MESSAGE_AUTHENTICATOR_MISSING'
  | 'PROXY_STATE_WITHOUT_MESSAGE_AUTHENTICATOR';

/** Which Access-Requests are let in: the Message-Authenticator and the rules of CVE-2024-3596 (BlastRADIUS). */
export class Admission {
  readonly #onSeen: (nas: Nas) => void;
  /** NASes that have signed since this process began. */
  readonly #signed = new Set<string>();

  /** @param onSeen told once per NAS whose first valid Message-Authenticator is seen. */
  constructor(onSeen: (nas: Nas) => void) {
    this.#onSeen = onSeen;
  }

  /** The secret that a request proves, null for one that proves none and may come all the same. */
  admit(received: Received): SharedSecret | null | RefusedUnread {
    const { nas, packet, scan } = received;
    if (scan.messageAuthenticatorAt !== 0) {
      const proven = provenByMessageAuthenticator(received, packet, 4);
      if (proven === null) return 'BAD_AUTHENTICATOR';
      if (!this.#signed.has(nas.id)) {
        this.#signed.add(nas.id);
        if (nas.messageAuthenticatorSeen !== true) this.#onSeen(nas);
      }
      return proven;
    }
    const seen = nas.messageAuthenticatorSeen === true || this.#signed.has(nas.id);
    const required =
      nas.requireMessageAuthenticator === 'YES' ||
      (nas.requireMessageAuthenticator === 'AUTO' && seen) ||
      // RFC 3579 §3.2: always with EAP.
      scan.firstOffsets[attributeTypes.eapMessage] !== 0;
    if (required) return 'MESSAGE_AUTHENTICATOR_MISSING';
    if (nas.limitProxyState && scan.firstOffsets[attributeTypes.proxyState] !== 0)
      return 'PROXY_STATE_WITHOUT_MESSAGE_AUTHENTICATOR';
    return null;
  }
}
