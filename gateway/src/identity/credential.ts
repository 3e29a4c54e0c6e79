import type { KeyObject } from 'node:crypto';
import {
  apiKeyId,
  apiKeyMatches,
  type Clock,
  TokenError,
  type VerifiedToken,
  verifyToken,
} from '@dotmac/platform';
import type { RegistrySnapshot } from '../registry/snapshot.ts';

/** A proven credential. What it is worth at a moment is decided by `authorise`, again after every change. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'apiKey'; readonly id: string; readonly hash: Uint8Array }
  | {
      readonly kind: 'token';
      readonly keyId: string;
      readonly key: KeyObject;
      readonly verified: VerifiedToken;
    };

const noCredential: Credential = { kind: 'none' };

/** Verified tokens are remembered, at most so many. */
const rememberedTokens = 5_000;
const longestCredential = 4_096;

/**
 * Proves credentials: `Bearer <JWT or API key>`. Each token's signature is verified once.
 * @throws TokenError for anything that is not one, or not genuine.
 */
export class CredentialVerifier {
  readonly #current: () => RegistrySnapshot;
  readonly #clock: Clock;
  readonly #tokens = new Map<string, Credential & { kind: 'token' }>();

  constructor(current: () => RegistrySnapshot, clock: Clock) {
    this.#current = current;
    this.#clock = clock;
  }

  /** `authorization` is the header's value; absent or empty means nobody in particular. */
  async verify(authorization: string | undefined): Promise<Credential> {
    if (authorization === undefined || authorization === '') return noCredential;
    const text = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    if (text === undefined || text.length > longestCredential) {
      throw new TokenError('The authorization must be "Bearer" and a token or an API key');
    }
    return text.startsWith('dm_') ? this.#verifyApiKey(text) : this.#verifyToken(text);
  }

  #verifyApiKey(text: string): Credential {
    const id = apiKeyId(text);
    const record = id === null ? undefined : this.#current().apiKeys.get(id);
    if (record === undefined || !apiKeyMatches(text, record.hash)) {
      throw new TokenError('The API key is not valid');
    }
    return { kind: 'apiKey', id: record.id, hash: record.hash };
  }

  async #verifyToken(text: string): Promise<Credential> {
    const known = this.#tokens.get(text);
    if (known !== undefined) return known;
    const keys = this.#current().verificationKeys;
    const verified = await verifyToken(text, { keys, audience: 'gateway', clock: this.#clock });
    const keyId = keyIdOf(text);
    const key = keys.get(keyId);
    if (key === undefined) throw new TokenError('The token is signed with an unknown key');
    const credential = { kind: 'token', keyId, key, verified } as const;
    if (this.#tokens.size >= rememberedTokens) this.#tokens.clear();
    this.#tokens.set(text, credential);
    return credential;
  }
}

/** The `kid` of a token whose signature has been verified. */
function keyIdOf(token: string): string {
  const header: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString());
  return typeof header === 'object' && header !== null && 'kid' in header ? String(header.kid) : '';
}
