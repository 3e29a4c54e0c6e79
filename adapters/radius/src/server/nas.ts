import type { SharedSecret } from '../packet/shared-secret.ts';

/** A network access server that may talk with us. Found by the source address of its packets, never by what they say. */
export interface Nas {
  readonly id: string;
  /** The current secret, and during a rotation the one before. */
  readonly secrets: readonly [SharedSecret, ...SharedSecret[]];
  /** During a rotation: the one to answer with where a request proves none, such as CHAP unsigned. Default the current. */
  readonly presumedSecret?: SharedSecret;
  /** CVE-2024-3596: refuse Access-Requests without Message-Authenticator. `AUTO`: once one was seen with it. */
  readonly requireMessageAuthenticator: 'AUTO' | 'YES' | 'NO';
  /** For `AUTO`: a request with a valid Message-Authenticator is on record from before this process started. */
  readonly messageAuthenticatorSeen?: boolean;
  /** CVE-2024-3596: drop Access-Requests that carry Proxy-State but no Message-Authenticator. */
  readonly limitProxyState: boolean;
}
