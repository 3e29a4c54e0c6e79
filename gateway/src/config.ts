import { readFile } from 'node:fs/promises';
import { createLogger, readConfig, readSigningKey, type SigningKey } from '@dotmac/platform';
import { z } from 'zod';
import { executorKind } from './execution/create-executor.ts';
import type { GatewayOptions } from './gateway.ts';

const path = (what: string) => z.string(`give the path of ${what}`).min(1, `give the path of ${what}`);
const origin = z
  .string('give unix:/path or http://host:port')
  .regex(/^(unix:\/.+|https?:\/\/[^/]+)$/, 'it must be unix:/path or http://host:port');

/** The settings of the gateway's process, by environment variable. */
const shape = {
  DOTMAC_HOST: z.string().min(1).default('127.0.0.1'),
  DOTMAC_PORT: z.coerce.number('it must be a port, 0 to 65535').int().min(0).max(65_535).default(4000),
  /** `postgres://dotmac_gateway@host/database`, without the password. */
  DOTMAC_PLATFORM_DATABASE_URL: z.string('give the connection string of the platform database').min(1),
  DOTMAC_PLATFORM_DATABASE_PASSWORD_FILE: path('a file with the password of dotmac_gateway').optional(),
  DOTMAC_SUPERGRAPH_FILE: path('the supergraph SDL'),
  /** PKCS #8 PEM of an Ed25519 key. */
  DOTMAC_GATEWAY_KEY_FILE: path('the key that signs internal tokens'),
  DOTMAC_GATEWAY_KEY_ID: z.string().min(1).default('gateway'),
  DOTMAC_CONTROL_PLANE_ORIGIN: origin,
  DOTMAC_GATEWAY_STATE_FILE: path('the file that keeps the registry').optional(),
  DOTMAC_EXECUTOR: z.string().optional(),
  DOTMAC_INTROSPECTION: z.enum(['staff', 'everybody'], 'it must be staff or everybody').default('staff'),
  DOTMAC_GRAPHIQL: z.enum(['on', 'off'], 'it must be on or off').default('on'),
  /** Address blocks, separated by commas. */
  DOTMAC_TRUSTED_PROXIES: z.string().default(''),
};

/**
 * Reads the settings and the files that they name.
 * @throws ConfigError, or an Error that names the variable whose file cannot be read.
 */
export async function readGatewayOptions(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<GatewayOptions> {
  const config = readConfig(shape, environment);
  const passwordFile = config.DOTMAC_PLATFORM_DATABASE_PASSWORD_FILE;
  const password =
    passwordFile === undefined
      ? undefined
      : (await readSetting('DOTMAC_PLATFORM_DATABASE_PASSWORD_FILE', passwordFile)).trim();
  const stateFile = config.DOTMAC_GATEWAY_STATE_FILE;
  return {
    listen: { host: config.DOTMAC_HOST, port: config.DOTMAC_PORT },
    supergraphSdl: await readSetting('DOTMAC_SUPERGRAPH_FILE', config.DOTMAC_SUPERGRAPH_FILE),
    signingKey: await signingKeyOf(config.DOTMAC_GATEWAY_KEY_ID, config.DOTMAC_GATEWAY_KEY_FILE),
    registry: { connectionString: config.DOTMAC_PLATFORM_DATABASE_URL, password, stateFile },
    controlPlane: { origin: config.DOTMAC_CONTROL_PLANE_ORIGIN },
    executor: executorKind(environment),
    introspection: config.DOTMAC_INTROSPECTION,
    graphiql: config.DOTMAC_GRAPHIQL === 'on',
    trustedProxies: config.DOTMAC_TRUSTED_PROXIES.split(',')
      .map((block) => block.trim())
      .filter((block) => block !== ''),
    logger: createLogger({ part: 'gateway' }),
  };
}

async function readSetting(variable: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`${variable} names ${file}, which cannot be read`, { cause: error });
  }
}

async function signingKeyOf(id: string, file: string): Promise<SigningKey> {
  const pem = await readSetting('DOTMAC_GATEWAY_KEY_FILE', file);
  const wrong = `DOTMAC_GATEWAY_KEY_FILE names ${file}, which holds no Ed25519 private key in PEM`;
  let key: SigningKey;
  try {
    key = readSigningKey(id, pem);
  } catch (cause) {
    throw new Error(wrong, { cause });
  }
  if (key.privateKey.asymmetricKeyType !== 'ed25519') throw new Error(wrong);
  return key;
}
