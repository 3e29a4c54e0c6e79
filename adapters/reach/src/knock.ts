import { createSocket } from 'node:dgram';
import { connect, isIP } from 'node:net';

/** What knocking at a port showed: the host's own word, or nothing. */
export interface Knock {
  readonly answered: boolean;
  readonly milliseconds: number | null;
  readonly words: string;
}

const silent = (words: string): Knock => ({ answered: false, milliseconds: null, words });
const answeredSince = (began: number, words: string): Knock => ({
  answered: true,
  milliseconds: performance.now() - began,
  words,
});

/** What a socket's error says of the host; `port` such as `TCP port 22`. */
const failed = (port: string, began: number, error: NodeJS.ErrnoException): Knock =>
  error.code === 'ECONNREFUSED'
    ? answeredSince(began, `${port} is closed, and the host says so`)
    : silent(`${port}: ${error.code ?? error.message}`);

/** Connects to a TCP port and hangs up. Refused is an answer too. */
export function knockTcp(
  address: string,
  port: number,
  waitMilliseconds: number,
  signal: AbortSignal,
): Promise<Knock> {
  return new Promise((resolve) => {
    const began = performance.now();
    const socket = connect({ host: address, port, signal });
    const end = (knock: Knock) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(knock);
    };
    const timer = setTimeout(
      () => end(silent(`TCP port ${port} did not answer in ${waitMilliseconds} ms`)),
      waitMilliseconds,
    );
    socket.once('connect', () => end(answeredSince(began, `TCP port ${port} is open`)));
    socket.on('error', (error) => end(failed(`TCP port ${port}`, began, error)));
  });
}

/** Sends an octet to a UDP port nobody should listen on: a host that is there says that it is closed. */
export function knockUdp(
  address: string,
  port: number,
  waitMilliseconds: number,
  signal: AbortSignal,
): Promise<Knock> {
  return new Promise((resolve) => {
    const began = performance.now();
    const socket = createSocket({ type: isIP(address) === 6 ? 'udp6' : 'udp4', signal });
    let ended = false;
    const end = (knock: Knock) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      socket.close();
      resolve(knock);
    };
    const timer = setTimeout(
      () => end(silent(`UDP port ${port} did not answer in ${waitMilliseconds} ms`)),
      waitMilliseconds,
    );
    const fail = (error: Error) => end(failed(`UDP port ${port}`, began, error));
    socket.on('error', fail);
    socket.on('close', () => end(silent('cancelled')));
    socket.on('message', () => end(answeredSince(began, `UDP port ${port} answers`)));
    // Only a connected socket is told of ICMP errors.
    socket.connect(port, address, () => {
      if (!ended)
        socket.send(Buffer.of(0), (error) => {
          if (error !== null) fail(error);
        });
    });
  });
}
