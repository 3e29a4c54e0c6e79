import { WebSocket } from 'ws';

/** What a screen follows: a document with `$after`, and how to read a result. */
export interface Followed {
  readonly url: string;
  readonly token: string;
  readonly query: string;
  /** Takes in a result; its cursor is what to go on after. */
  readonly take: (data: Record<string, unknown>) => string;
}

/** A client that goes on after the last event it processed, whatever breaks. */
export interface Screen {
  /** Resolves when its place in the log is known: from here on it misses nothing. */
  readonly started: Promise<void>;
  /** Breaks its connection; what the socket still holds is not processed. */
  kill(): void;
  stop(): void;
}

const pauseMilliseconds = 20;

/** Over WebSocket. */
export function webSocketScreen({ url, token, query, take }: Followed): Screen {
  const started = Promise.withResolvers<void>();
  let after: string | null = null;
  let stopped = false;
  let socket: WebSocket;
  const connect = () => {
    const mine = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    socket = mine;
    const send = (message: object) => mine.send(JSON.stringify(message));
    mine.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
    // `close` follows.
    mine.on('error', () => undefined);
    mine.on('close', () => {
      if (!stopped) setTimeout(connect, pauseMilliseconds);
    });
    mine.on('message', (data: Buffer) => {
      if (mine !== socket || mine.readyState !== mine.OPEN) return;
      const { type, payload } = JSON.parse(data.toString());
      if (type === 'connection_ack')
        send({ id: '1', type: 'subscribe', payload: { query, variables: { after } } });
      else if (type === 'ping') {
        after ??= payload.start.cursor;
        started.resolve();
      } else if (type === 'next') after = take(payload.data);
      else if (type === 'error' || type === 'complete') mine.terminate();
    });
  };
  connect();
  const kill = () => socket.terminate();
  return {
    started: started.promise,
    kill,
    stop() {
      stopped = true;
      kill();
    },
  };
}

/** As server-sent events, going on by `last-event-id`. */
export function eventStreamScreen({ url, token, query, take }: Followed): Screen {
  const started = Promise.withResolvers<void>();
  let lastEventId: string | null = null;
  let stopped = false;
  let connection = new AbortController();
  const handle = (block: string) => {
    const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];
    const [id, event, data] = [field('id'), field('event'), field('data')];
    if (event === 'next') {
      const { data: payload } = JSON.parse(data ?? '') as { data?: Record<string, unknown> };
      if (payload === undefined) throw new Error(`An error ended the stream: ${data}`);
      lastEventId = take(payload);
    } else if (id !== undefined) {
      lastEventId ??= id;
      started.resolve();
    }
  };
  const follow = async () => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
      },
      body: JSON.stringify({ query }),
      signal: connection.signal,
    });
    let rest = '';
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      const blocks = (rest + Buffer.from(chunk).toString()).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) if (!connection.signal.aborted) handle(block);
    }
  };
  const run = async () => {
    while (!stopped) {
      connection = new AbortController();
      // Whatever broke it: it goes on after what it has processed.
      await follow().catch(() => undefined);
      await new Promise((again) => setTimeout(again, pauseMilliseconds));
    }
  };
  void run();
  return {
    started: started.promise,
    kill: () => connection.abort(),
    stop() {
      stopped = true;
      connection.abort();
    },
  };
}
