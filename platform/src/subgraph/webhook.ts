import type { FastifyInstance } from 'fastify';
import { TokenError } from '../identity/token.ts';

/** Takes messages that another company posts when something happened there. */
export interface WebhookDoor {
  /**
   * @param name the last part of the path, which the company was told.
   * @param body the octets as they came: signatures are over them.
   * @param headers in lower case; those that came twice are left out.
   * @returns ACCEPTED once it is stored; REFUSED when its signature does not hold.
   */
  receive(
    name: string,
    body: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): Promise<'ACCEPTED' | 'REFUSED' | 'UNKNOWN'>;
}

/** Longest message, octets; the largest events of payment providers are about a quarter of it. */
export const webhookBytes = 1024 * 1024;

const status = { ACCEPTED: 200, REFUSED: 400 } as const;

/** The second half of the audience of the gateway's tokens for these doors. */
export const webhookAudience = 'webhooks';

/** The header in which the gateway signs who is asking. */
export const internalTokenHeader = 'x-dotmac-internal';

/**
 * `POST /webhooks/<name>`, for the gateway only: it hands on what it cannot judge, under a token of nobody in
 * particular whose audience is these doors.
 */
export function serveWebhooks(
  app: FastifyInstance,
  doors: readonly WebhookDoor[],
  verify: (token: string) => Promise<unknown>,
): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: webhookBytes }, (_request, body, done) =>
      done(null, body),
    );
    scope.post('/webhooks/:name', { bodyLimit: webhookBytes }, async (request, reply) => {
      const token = request.headers[internalTokenHeader];
      try {
        await verify(typeof token === 'string' ? token : '');
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        return reply.status(403).send();
      }
      const { name } = request.params as { name: string };
      const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter((one): one is [string, string] => typeof one[1] === 'string'),
      );
      for (const door of doors) {
        const answer = await door.receive(name, body, headers);
        if (answer !== 'UNKNOWN') return reply.status(status[answer]).send();
      }
      return reply.status(404).send();
    });
  });
}
