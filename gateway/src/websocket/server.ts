import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { closeCodes } from '../subscription/close-codes.ts';
import { Connection, type ConnectionOptions } from './connection.ts';

const subprotocol = 'graphql-transport-ws';

export interface WebSocketFace {
  /** Closes every socket and takes no more. */
  close(): Promise<void>;
}

/** Takes WebSockets at `/graphql` of an HTTP server. */
export function attachWebSockets(server: Server, options: ConnectionOptions): WebSocketFace {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.limits.bodyBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  const alive = new WeakSet<WebSocket>();

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = request.url?.split('?', 1)[0];
    if (path !== '/graphql' || sockets.clients.size >= options.limits.connections) {
      const status = path === '/graphql' ? '503 Service Unavailable' : '404 Not Found';
      // The peer may be gone already; there is nobody to tell.
      socket.on('error', () => socket.destroy());
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      if (webSocket.protocol !== subprotocol) {
        webSocket.on('error', () => webSocket.terminate());
        webSocket.close(closeCodes.SUBPROTOCOL_NOT_ACCEPTABLE, `This speaks ${subprotocol}`);
        return;
      }
      alive.add(webSocket);
      webSocket.on('pong', () => alive.add(webSocket));
      new Connection(webSocket, request, options);
    });
  };
  server.on('upgrade', upgrade);

  // Dead peers are found by their silence.
  const pings = setInterval(() => {
    for (const webSocket of sockets.clients) {
      if (!alive.delete(webSocket)) webSocket.terminate();
      else webSocket.ping();
    }
  }, options.limits.pingMilliseconds);

  return {
    close() {
      clearInterval(pings);
      server.off('upgrade', upgrade);
      const closed = [...sockets.clients].map(
        (webSocket) => new Promise<void>((resolve) => webSocket.once('close', () => resolve())),
      );
      for (const webSocket of sockets.clients) webSocket.close(closeCodes.RELOAD, 'The gateway restarts');
      const impatient = setTimeout(() => {
        for (const webSocket of sockets.clients) webSocket.terminate();
      }, 1_000);
      return Promise.all(closed).then(() => clearTimeout(impatient));
    },
  };
}
