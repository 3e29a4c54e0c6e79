import type { IncomingMessage } from 'node:http';

/** Why a body is not taken, with the status that says so. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  readonly status: 400 | 413 | 415;
  constructor(status: BodyError['status'], message: string) {
    super(message);
    this.status = status;
  }
}

const isJson = /^application\/json[ \t]*(?:;|$)/i;

/**
 * Refuses what is not plain JSON, by the headers alone. Only JSON: a form or text/plain could be sent by any page without
 * asking the browser's permission.
 * @throws BodyError
 */
export function checkBodyHeaders({ headers }: IncomingMessage, most: number): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw new BodyError(415, 'Bodies are taken uncompressed');
  if (!isJson.test(headers['content-type'] ?? ''))
    throw new BodyError(415, 'Bodies are JSON: application/json');
  if (Number(headers['content-length'] ?? 0) > most) throw tooLarge(most);
}

/** Calls back with the body's text, once, or with a {@link BodyError}; never when the client leaves before its end. */
export function readBody(
  request: IncomingMessage,
  most: number,
  done: (error: BodyError | null, text: string) => void,
): void {
  let chunks: Buffer[] | null = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    if (chunks === null) return;
    size += chunk.length;
    if (size <= most) chunks.push(chunk);
    else {
      chunks = null;
      done(tooLarge(most), '');
    }
  });
  request.on('end', () => {
    if (chunks === null) return;
    const [first] = chunks;
    done(null, (chunks.length === 1 ? (first as Buffer) : Buffer.concat(chunks, size)).toString());
  });
  // `close` follows, and nobody is there to answer.
  request.on('error', () => undefined);
}

/** What may reach the prototype of an object that is made from it by copying, in any spelling of JSON. */
const suspicious = /__proto__|constructor|\\u00[567]/i;

/** @throws BodyError for what is no JSON, or would become part of a prototype. */
export function parseBody(text: string): unknown {
  try {
    if (!suspicious.test(text)) return JSON.parse(text);
    return JSON.parse(text, (key, value: unknown) => {
      if (key === '__proto__' || (key === 'constructor' && isPoisoned(value)))
        throw new BodyError(400, 'The body names a prototype');
      return value;
    });
  } catch (error) {
    if (error instanceof BodyError) throw error;
    throw new BodyError(400, 'The body is no JSON');
  }
}

function isPoisoned(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}

function tooLarge(most: number): BodyError {
  return new BodyError(413, `A body has ${most} octets at most`);
}
