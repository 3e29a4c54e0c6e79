import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { DeviceError } from '@dotmac/device';
import { wordDecoder } from './codec.ts';
import type { CommandOptions, ConnectionLimits, ConnectionStatistics } from './command.ts';
import { Connection } from './connection.ts';
import { challengeResponse, type RouterosCredential, type RouterosTransport } from './credential.ts';
import { commandWords } from './sentence.ts';

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly credential: RouterosCredential;
  readonly connectTimeoutMs: number;
  readonly limits: ConnectionLimits;
  readonly statistics: ConnectionStatistics;
  /** Gives up an attempt that nobody waits for any more. */
  readonly signal: AbortSignal;
}

/**
 * Opens a socket, proves the peer where the transport can, and logs in.
 * @throws DeviceError `UNREACHABLE`, `CONNECT_TIMEOUT`, `TLS_UNTRUSTED` or `AUTH_FAILED`
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { credential, connectTimeoutMs } = options;
  const socket = await openSocket(options, credential.transport ?? { kind: 'plain' });
  const connection = new Connection(
    socket,
    wordDecoder(credential.codePage),
    options.limits,
    options.statistics,
  );
  try {
    await logIn(connection, credential, { deadlineMs: connectTimeoutMs, signal: options.signal });
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function logIn(
  connection: Connection,
  credential: RouterosCredential,
  options: CommandOptions,
): Promise<void> {
  const { username, password } = credential;
  if (credential.login === 'challenge') {
    const { ret } = await connection.run(['/login'], options);
    if (ret === null)
      throw new DeviceError(
        'AUTH_FAILED',
        'The device sent no login challenge: it is RouterOS 6.43 or later; set login to "password"',
      );
    const response = challengeResponse(password, ret);
    await connection.run(commandWords('/login', { name: username, response }), options);
    return;
  }
  const { ret } = await connection.run(commandWords('/login', { name: username, password }), options);
  if (ret !== null)
    throw new DeviceError(
      'AUTH_FAILED',
      'The device wants the login challenge of RouterOS before 6.43; set login to "challenge"',
    );
}

function openSocket(options: ConnectOptions, transport: RouterosTransport): Promise<Socket> {
  const { host, port, connectTimeoutMs } = options;
  const where = `${host}:${port}`;
  return new Promise((resolve, reject) => {
    const socket = transport.kind === 'plain' ? connectTcp({ host, port }) : openTls(host, port, transport);
    const timer = setTimeout(() => {
      fail(
        new DeviceError(
          'CONNECT_TIMEOUT',
          `${where} did not accept a connection within ${connectTimeoutMs} ms`,
        ),
      );
    }, connectTimeoutMs);
    const onAbort = () => fail(new DeviceError('CANCELLED', `Connecting to ${where} was cancelled`));
    options.signal.addEventListener('abort', onAbort, { once: true });
    const settle = () => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: DeviceError) => {
      settle();
      // Late errors of a socket that is given up have nobody left to tell.
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const onError = (error: NodeJS.ErrnoException) => {
      const untrusted = transport.kind !== 'plain' && /SSL|TLS|CERT/i.test(error.code ?? '');
      const reason = error.message || error.code || error.name;
      fail(
        new DeviceError(untrusted ? 'TLS_UNTRUSTED' : 'UNREACHABLE', `${where}: ${reason}`, { cause: error }),
      );
    };
    socket.once('error', onError);
    socket.once(transport.kind === 'plain' ? 'connect' : 'secureConnect', () => {
      if (transport.kind === 'pinned') {
        const seen = (socket as TLSSocket).getPeerCertificate().fingerprint256 ?? 'no certificate';
        if (bareFingerprint(seen) !== bareFingerprint(transport.fingerprint256)) {
          fail(
            new DeviceError('TLS_UNTRUSTED', `${where} showed the certificate ${seen}, not the pinned one`),
          );
          return;
        }
      }
      settle();
      socket.off('error', onError);
      resolve(socket);
    });
  });
}

/** The certificate is compared by its fingerprint, which is stricter than a chain: routers sign their own. */
function openTls(host: string, port: number, transport: RouterosTransport): TLSSocket {
  if (transport.kind === 'anonymous')
    return connectTls({
      host,
      port,
      ciphers: 'ADH-AES256-GCM-SHA384:@SECLEVEL=0',
      maxVersion: 'TLSv1.2',
      rejectUnauthorized: false,
    });
  return connectTls({ host, port, rejectUnauthorized: false });
}

function bareFingerprint(text: string): string {
  return text.replaceAll(':', '').toLowerCase();
}
