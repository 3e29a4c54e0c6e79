import { createSocket } from 'node:dgram';
import { connect, isIP } from 'node:net';

/** What knocking at a port showed: the host's own word, or nothing. */
export interface Knock {
  readonly answered: boolean;
  readonly milliseconds: number | null;
  readonly words: string;
}

const silent = (words: string): Knock => ({ answered: false, milliseconds: null, words });

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
    const answered = (words: string): Knock => ({
      answered: true,
      milliseconds: performance.now() - began,
      words,
    });
    const timer = setTimeout(
      () => end(silent(`TCP port ${port} did not answer in ${waitMilliseconds} ms`)),
      waitMilliseconds,
    );
    socket.once('connect', () => end(answered(`TCP port ${port} is open`)));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(
        error.code === 'ECONNREFUSED'
          ? answered(`TCP port ${port} is closed, and the host says so`)
          : silent(`TCP port ${port}: ${error.code ?? error.message}`),
      ),
    );
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
    const failed = (error: NodeJS.ErrnoException) =>
      end(
        error.code === 'ECONNREFUSED'
          ? {
              answered: true,
              milliseconds: performance.now() - began,
              words: `UDP port ${port} is closed, and the host says so`,
            }
          : silent(`UDP port ${port}: ${error.code ?? error.message}`),
      );
    socket.on('error', failed);
    socket.on('close', () => end(silent('cancelled')));
    socket.on('message', () =>
      end({ answered: true, milliseconds: performance.now() - began, words: `UDP port ${port} answers` }),
    );
    // Only a connected socket is told of ICMP errors.
    socket.connect(port, address, () => {
      if (!ended)
        socket.send(Buffer.of(0), (error) => {
          if (error !== null) failed(error);
        });
    });
  });
}
