/** One event of `text/event-stream` (HTML standard, section 9.2). */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/** The stream breaks the rules or its bounds. */
export class EventStreamError extends Error {
  override readonly name = 'EventStreamError';
}

/** Cuts a stream of octets into events. Comments, ids and retry hints are left out. */
export class EventStreamParser {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #largestEvent: number;
  #rest = '';
  #event = '';
  #data: string[] = [];
  #size = 0;

  /** `largestEvent` is in UTF-16 units. */
  constructor(largestEvent = 8 * 1024 * 1024) {
    this.#largestEvent = largestEvent;
  }

  /** The events that these octets complete. @throws EventStreamError for one that is too large or no UTF-8. */
  push(chunk: Uint8Array): StreamEvent[] {
    const text = this.#rest + this.#decode(chunk);
    // A carriage return at the end may be half of CR LF: it waits for the next octets.
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? '') + text.slice(end);
    const events: StreamEvent[] = [];
    for (const line of lines) {
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    if (this.#size + this.#rest.length > this.#largestEvent)
      throw new EventStreamError('The event is too large');
    return events;
  }

  #decode(chunk: Uint8Array): string {
    try {
      return this.#decoder.decode(chunk, { stream: true });
    } catch (cause) {
      throw new EventStreamError('The stream is no UTF-8', { cause });
    }
  }

  #line(line: string): StreamEvent | undefined {
    if (line === '') {
      const event = { event: this.#event === '' ? 'message' : this.#event, data: this.#data.join('\n') };
      const empty = this.#data.length === 0;
      this.#event = '';
      this.#data = [];
      this.#size = 0;
      return empty ? undefined : event;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#event = value;
    if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length;
    }
    return undefined;
  }
}
