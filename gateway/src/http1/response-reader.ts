/** A whole response, its body decoded as UTF-8. */
export interface HttpAnswer {
  readonly status: number;
  /** Value of `content-type`; empty when there is none. */
  readonly contentType: string;
  readonly body: string;
  /** Whether the connection may be used again, and for how long it may rest, where the server says so. */
  readonly keepAlive: boolean;
  readonly keepAliveMilliseconds: number | null;
}

/** The peer does not speak HTTP/1.1 as RFC 9112 has it, or says more than it may. */
export class ResponseError extends Error {
  override readonly name = 'ResponseError';
  readonly reason: 'MALFORMED' | 'TOO_LARGE';
  constructor(reason: ResponseError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

interface Head extends Omit<HttpAnswer, 'body'> {
  /** Octets of the body; null when it is chunked, undefined when it lasts until the connection closes. */
  readonly length: number | null | undefined;
}

type State = 'head' | 'body' | 'chunk size' | 'chunk' | 'chunk end' | 'trailer';

const longestHead = 64 * 1024;
const longestLine = 8 * 1024;
const lineEnd = Buffer.from('\r\n');
const headEnd = Buffer.from('\r\n\r\n');

/**
 * Cuts the octets of one connection into responses (RFC 9112): strict where a lenient reading could take one response for
 * another, with whole bodies only. It keeps no reference to the octets it is given.
 */
export class ResponseReader {
  readonly #largestBody: number;
  #state: State = 'head';
  #rest: Buffer | null = null;
  #head: Head | null = null;
  #parts: Buffer[] = [];
  /** Octets of the body gathered so far, and still to come of it or of its chunk. */
  #size = 0;
  #missing = 0;

  constructor(largestBody: number) {
    this.#largestBody = largestBody;
  }

  /** Whether nothing of a response is here yet. */
  get isFresh(): boolean {
    return this.#state === 'head' && this.#rest === null;
  }

  /**
   * Calls back for each response that these octets complete.
   * @throws ResponseError after which the connection is of no use.
   */
  push(octets: Buffer, onAnswer: (answer: HttpAnswer) => void): void {
    const data = this.#rest === null ? octets : Buffer.concat([this.#rest, octets]);
    this.#rest = null;
    let at = 0;
    while (at < data.length) {
      const next = this.#step(data, at, onAnswer);
      if (next === null) {
        this.#rest = Buffer.from(data.subarray(at));
        return;
      }
      at = next;
    }
  }

  /** The connection closed: that ends a body without a length. @throws ResponseError when it was in the middle of one. */
  end(onAnswer: (answer: HttpAnswer) => void): void {
    if (this.isFresh) return;
    if (this.#state !== 'body' || this.#head?.length !== undefined)
      throw new ResponseError('MALFORMED', 'The connection closed in the middle of a response');
    this.#finish(onAnswer);
  }

  /** Where to go on, or null when more octets are needed. */
  #step(data: Buffer, at: number, onAnswer: (answer: HttpAnswer) => void): number | null {
    switch (this.#state) {
      case 'head':
        return this.#readHead(data, at, onAnswer);
      case 'body':
        return this.#readBody(data, at, onAnswer);
      case 'chunk':
        return this.#readChunk(data, at);
      default:
        return this.#readLine(data, at, onAnswer);
    }
  }

  #readHead(data: Buffer, at: number, onAnswer: (answer: HttpAnswer) => void): number | null {
    const end = data.indexOf(headEnd, at);
    if (end < 0 ? data.length - at > longestHead : end - at > longestHead)
      throw new ResponseError('TOO_LARGE', `A head of more than ${longestHead} octets`);
    if (end < 0) return null;
    const head = parseHead(data.toString('latin1', at, end));
    const after = end + headEnd.length;
    if (head.status < 200) {
      // 101 would make another protocol of the connection, which nobody asked for.
      if (head.status === 101) throw new ResponseError('MALFORMED', 'A change of protocol nobody asked for');
      return after;
    }
    if ((head.length ?? 0) > this.#largestBody) throw this.#tooLarge();
    this.#head = head;
    if (head.length === null) {
      this.#state = 'chunk size';
      return after;
    }
    this.#missing = head.length ?? Number.POSITIVE_INFINITY;
    this.#state = 'body';
    if (this.#missing === 0) this.#finish(onAnswer);
    return after;
  }

  #readBody(data: Buffer, at: number, onAnswer: (answer: HttpAnswer) => void): number {
    const end = Math.min(data.length, at + this.#missing);
    if (this.#parts.length === 0 && end - at === this.#missing) {
      // All of it at once, as nearly always: decoded where it lies.
      this.#finish(onAnswer, data.toString('utf8', at, end));
      return end;
    }
    this.#keep(data, at, end);
    if (this.#missing === 0) this.#finish(onAnswer);
    return end;
  }

  #readChunk(data: Buffer, at: number): number {
    const end = Math.min(data.length, at + this.#missing);
    this.#keep(data, at, end);
    if (this.#missing === 0) this.#state = 'chunk end';
    return end;
  }

  #readLine(data: Buffer, at: number, onAnswer: (answer: HttpAnswer) => void): number | null {
    const end = data.indexOf(lineEnd, at);
    if ((end < 0 ? data.length : end) - at > longestLine)
      throw new ResponseError('TOO_LARGE', `A line of more than ${longestLine} octets`);
    if (end < 0) return null;
    const line = data.toString('latin1', at, end);
    if (this.#state === 'chunk size') {
      const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
      if (size === undefined) throw new ResponseError('MALFORMED', 'A chunk without its size');
      this.#missing = Number.parseInt(size, 16);
      if (this.#size + this.#missing > this.#largestBody) throw this.#tooLarge();
      this.#state = this.#missing === 0 ? 'trailer' : 'chunk';
    } else if (this.#state === 'chunk end') {
      if (line !== '') throw new ResponseError('MALFORMED', 'A chunk longer than its size');
      this.#state = 'chunk size';
    } else if (line === '') {
      this.#finish(onAnswer);
    }
    return end + lineEnd.length;
  }

  #keep(data: Buffer, from: number, to: number): void {
    this.#size += to - from;
    this.#missing -= to - from;
    if (this.#size > this.#largestBody) throw this.#tooLarge();
    this.#parts.push(Buffer.from(data.subarray(from, to)));
  }

  #finish(onAnswer: (answer: HttpAnswer) => void, body?: string): void {
    const { status, contentType, keepAlive, keepAliveMilliseconds } = this.#head as Head;
    const text = body ?? Buffer.concat(this.#parts, this.#size).toString();
    this.#head = null;
    this.#parts = [];
    this.#size = 0;
    this.#missing = 0;
    this.#state = 'head';
    onAnswer({ status, contentType, keepAlive, keepAliveMilliseconds, body: text });
  }

  #tooLarge(): ResponseError {
    return new ResponseError('TOO_LARGE', `A body of more than ${this.#largestBody} octets`);
  }
}

/** RFC 9112, sections 4 and 6; header names are compared without regard to case. */
function parseHead(text: string): Head {
  const first = text.indexOf('\r\n');
  const statusLine = first < 0 ? text : text.slice(0, first);
  const [, minor, statusText] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(statusLine) ?? [];
  if (statusText === undefined) throw new ResponseError('MALFORMED', 'No status line');
  const status = Number(statusText);
  let length: number | undefined;
  let chunked = false;
  let contentType = '';
  let keepAlive = minor === '1';
  let keepAliveMilliseconds: number | null = null;
  for (let at = first < 0 ? text.length : first + 2; at < text.length; ) {
    const newLine = text.indexOf('\r\n', at);
    const end = newLine < 0 ? text.length : newLine;
    const colon = text.indexOf(':', at);
    const start = text.charCodeAt(at);
    if (colon <= at || colon > end || start === 32 || start === 9 || text[colon - 1] === ' ')
      throw new ResponseError('MALFORMED', 'A header without its name');
    switch (colon - at) {
      case 10:
      case 12:
      case 14:
      case 17: {
        const name = text.slice(at, colon).toLowerCase();
        const value = text.slice(colon + 1, end).trim();
        if (name === 'content-length') {
          const given = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
          if (Number.isNaN(given) || (length !== undefined && length !== given))
            throw new ResponseError('MALFORMED', 'A length that is none');
          length = given;
        } else if (name === 'transfer-encoding') {
          if (chunked || value.toLowerCase() !== 'chunked')
            throw new ResponseError('MALFORMED', 'A transfer coding other than chunked');
          chunked = true;
        } else if (name === 'content-type') contentType = value;
        else if (name === 'connection') {
          if (/\bclose\b/i.test(value)) keepAlive = false;
        } else if (name === 'keep-alive') {
          const seconds = /\btimeout=(\d{1,9})\b/i.exec(value)?.[1];
          if (seconds !== undefined) keepAliveMilliseconds = Number(seconds) * 1000;
        }
        break;
      }
      default:
    }
    at = end + 2;
  }
  if (chunked && length !== undefined) throw new ResponseError('MALFORMED', 'Two lengths of one body');
  const none = status === 204 || status === 304;
  if (!none && !chunked && length === undefined) keepAlive = false;
  return {
    status,
    contentType,
    keepAlive,
    keepAliveMilliseconds,
    length: none ? 0 : chunked ? null : length,
  };
}
