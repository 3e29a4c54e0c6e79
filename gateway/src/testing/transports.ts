import { RawSocket } from './clients.ts';
import type { Answer } from './world.ts';

/** Sends one operation and gives the first answer, by each way into the gateway. */
export const transports: Readonly<
  Record<string, (url: string, payload: object, token?: string) => Promise<Answer>>
> = {
  async http(url, payload, token) {
    const response = await post(url, 'application/json', payload, token);
    return (await response.json()) as Answer;
  },

  async 'server-sent events'(url, payload, token) {
    const response = await post(url, 'text/event-stream', payload, token);
    const text = await response.text();
    if (response.headers.get('content-type')?.startsWith('text/event-stream') !== true)
      return JSON.parse(text);
    return JSON.parse(/^data: (.+)$/m.exec(text)?.[1] ?? '');
  },

  async websocket(url, payload, token) {
    const socket = await new RawSocket(url).initialise(token);
    socket.send({ id: '1', type: 'subscribe', payload });
    await Promise.race([socket.count(2), socket.closed]);
    socket.socket.close();
    await socket.closed;
    const answer = socket.messages[1];
    return answer?.type === 'error' ? ({ errors: answer.payload } as Answer) : (answer?.payload as Answer);
  },
};

function post(url: string, accept: string, payload: object, token: string | undefined): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      accept,
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(payload),
  });
}
