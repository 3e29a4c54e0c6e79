import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { DomainError, isBundle, isRole, isScope, type Principal } from '@dotmac/schema';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../time/clock.ts';

/** The token is missing, expired, forged or meant for somebody else. */
export class TokenError extends DomainError {
  override readonly name = 'TokenError';
  constructor(message: string) {
    super('UNAUTHENTICATED', message);
  }
}

/** An Ed25519 key pair by its id. */
export interface SigningKey {
  readonly id: string;
  readonly privateKey: KeyObject;
}
/** Public keys by id; several during a rotation. */
export type VerificationKeys = ReadonlyMap<string, KeyObject>;

export function generateSigningKey(id: string): { key: SigningKey; privatePem: string; publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    key: { id, privateKey },
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

export function readSigningKey(id: string, privatePem: string): SigningKey {
  return { id, privateKey: createPrivateKey(privatePem) };
}

export function readVerificationKeys(publicPems: Readonly<Record<string, string>>): VerificationKeys {
  return new Map(Object.entries(publicPems).map(([id, pem]) => [id, createPublicKey(pem)]));
}

export interface TokenOptions {
  readonly key: SigningKey;
  /** Who it is for: `gateway` for people's tokens, `<tenant id>/<subgraph>` for internal ones. */
  readonly audience: string;
  readonly issuer: string;
  readonly lifetimeSeconds: number;
  readonly clock: Clock;
}

/** Signs who the principal is. EdDSA, RFC 8037. */
export async function signToken(principal: Principal, options: TokenOptions): Promise<string> {
  const issuedAt = Math.floor(options.clock.now() / 1000);
  const { id, ...claims } = principal;
  return new SignJWT({ principal: claims })
    .setProtectedHeader({ alg: 'EdDSA', kid: options.key.id })
    .setSubject(id)
    .setIssuer(options.issuer)
    .setAudience(options.audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + options.lifetimeSeconds)
    .sign(options.key.privateKey);
}

export interface VerifiedToken {
  readonly principal: Principal;
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** @throws TokenError that says what is wrong with the token, never what would be right. */
export async function verifyToken(
  token: string,
  options: { readonly keys: VerificationKeys; readonly audience: string; readonly clock: Clock },
): Promise<VerifiedToken> {
  try {
    const { payload } = await jwtVerify(
      token,
      ({ kid = '' }) => {
        const key = options.keys.get(kid);
        if (key === undefined) throw new TokenError('The token is signed with an unknown key');
        return key;
      },
      {
        algorithms: ['EdDSA'],
        audience: options.audience,
        currentDate: new Date(options.clock.now()),
        requiredClaims: ['exp', 'sub', 'iss'],
      },
    );
    return {
      principal: principalOf(payload.sub ?? '', payload.principal),
      issuer: payload.iss ?? '',
      expiresAt: (payload.exp ?? 0) * 1000,
    };
  } catch (error) {
    if (error instanceof TokenError) throw error;
    if (error instanceof errors.JWTExpired) throw new TokenError('The token has expired');
    throw new TokenError('The token is not valid');
  }
}

const kinds = ['user', 'apiKey', 'subscriber', 'system', 'anonymous'] as const;

function principalOf(id: string, claims: unknown): Principal {
  if (typeof claims !== 'object' || claims === null) throw new TokenError('The token names no principal');
  const { kind, name, tenantId, partnerId, customerId, roles, scopes, bundles } = claims as Record<
    string,
    unknown
  >;
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const list = (value: unknown) =>
    Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  const known = kinds.find((candidate) => candidate === kind);
  if (known === undefined) throw new TokenError('The token names no principal');
  return {
    kind: known,
    id,
    name: text(name) ?? id,
    tenantId: text(tenantId),
    partnerId: text(partnerId),
    customerId: text(customerId),
    roles: list(roles).filter(isRole),
    scopes: list(scopes).filter(isScope),
    bundles: list(bundles).filter(isBundle),
  };
}
