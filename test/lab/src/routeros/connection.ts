import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { changes, execute } from './commands.ts';
import { type Chunking, Delivery } from './delivery.ts';
import { Trap } from './messages.ts';
import { compareVersions, type Router } from './router.ts';
import type { Row } from './table.ts';
import { FrameReader, FramingError, frame } from './wire.ts';

/**
 * What goes wrong with a command. `stall`: no answer, ever. `lie`: acknowledged, not done. `reset-before`,
 * `reset-after`: the connection is torn before or after it was carried out. `half-close`: no more answers, FIN.
 * `repeat-trap`: refused three times over. `unknown-reply`: a reply word nobody knows comes first. `reserved-octet`:
 * garbage on the wire. `long-prefix`: the answer's first word has a 5-octet length.
 */
export type Fault =
  | 'stall'
  | 'lie'
  | 'reset-before'
  | 'reset-after'
  | 'half-close'
  | 'repeat-trap'
  | 'unknown-reply'
  | 'reserved-octet'
  | 'long-prefix';

export interface ConnectionBehaviour {
  readonly chunking: Chunking;
  readonly seed: number;
  readonly fatalBeforeLogin: string | null;
  readonly faultFor: ((command: string) => Fault | null) | null;
  readonly onSentence: ((words: readonly string[]) => void) | null;
}

/** One API client of the simulated router. */
export class ApiConnection {
  readonly #router: Router;
  readonly #socket: Socket;
  readonly #behaviour: ConnectionBehaviour;
  readonly #reader = new FrameReader();
  readonly #delivery: Delivery;
  /** Commands without an end of their own, by tag: how to stop them. */
  readonly #following = new Map<string, () => void>();
  #user: { readonly name: string; readonly policy: 'full' | 'read' } | null = null;
  #challenge: Buffer | null = null;
  #dead = false;

  constructor(router: Router, socket: Socket, behaviour: ConnectionBehaviour) {
    this.#router = router;
    this.#socket = socket;
    this.#behaviour = behaviour;
    this.#delivery = new Delivery(socket, behaviour.chunking, behaviour.seed);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    // A client that goes away is an ordinary event for a router; `close` follows and tidies up.
    socket.on('error', () => {});
    socket.on('close', () => this.#stopAll());
    if (behaviour.fatalBeforeLogin !== null) this.#fatal(behaviour.fatalBeforeLogin);
  }

  #receive(bytes: Buffer): void {
    if (this.#dead) return;
    let sentences: string[][];
    try {
      sentences = this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.#socket.destroy();
      return;
    }
    for (const words of sentences) if (!this.#dead) this.#sentence(words);
  }

  #sentence(all: readonly string[]): void {
    const tag = all.find((word) => word.startsWith('.tag='));
    const words = all.filter((word) => !word.startsWith('.tag='));
    const command = words[0] ?? '';
    const reply = (type: string, row: Row = {}) => this.#reply(type, row, tag);
    this.#behaviour.onSentence?.(words);
    if (command === '/login') {
      this.#login(words, reply);
      return;
    }
    if (this.#user === null) {
      this.#fatal('not logged in');
      return;
    }
    if (command === '/quit') {
      this.#fatal('session terminated on request');
      return;
    }
    if (command === '/cancel') {
      this.#cancel(words, tag);
      return;
    }
    const fault = this.#behaviour.faultFor?.(command) ?? null;
    if (fault !== null && !this.#before(fault, reply)) return;
    if (fault === 'lie' && changes(command)) {
      reply('!done', command.endsWith('/add') ? { ret: '*FF' } : {});
      return;
    }
    // Nothing is said any more, but it is done.
    if (fault === 'reset-after') this.#dead = true;
    this.#execute(words, tag, reply);
    if (fault === 'reset-after') this.#reset();
  }

  /** Acts out a fault; false when the command ends there. */
  #before(fault: Fault, reply: (type: string, row?: Row) => void): boolean {
    if (fault === 'stall') return false;
    if (fault === 'reset-before') {
      this.#reset();
      return false;
    }
    if (fault === 'half-close') {
      this.#dead = true;
      this.#socket.end();
      return false;
    }
    if (fault === 'reserved-octet') {
      this.#delivery.send(Buffer.of(0xf8, 0x01, 0x02));
      return false;
    }
    if (fault === 'repeat-trap') {
      for (const message of ['failure: first', 'failure: second', 'failure: third'])
        reply('!trap', { message });
      reply('!done');
      return false;
    }
    if (fault === 'unknown-reply') reply('!news', { from: 'the future' });
    if (fault === 'long-prefix')
      this.#delivery.send(Buffer.from([0xf0, 0, 0, 0, 5, ...Buffer.from('!news'), 0]));
    return true;
  }

  #execute(
    words: readonly string[],
    tag: string | undefined,
    reply: (type: string, row?: Row) => void,
  ): void {
    try {
      const answer = execute(this.#router, words, this.#user?.policy ?? 'read');
      this.#replyAll(answer.rows, tag);
      if (answer.follow !== undefined) {
        const end = () => reply('!done');
        this.#following.set(
          tag ?? '',
          answer.follow((row) => reply('!re', row), end),
        );
        return;
      }
      const silent = answer.rows.length === 0 && answer.ret === undefined && !changes(words[0] as string);
      if (silent && compareVersions(this.#router.version, '7.18') >= 0) reply('!empty');
      reply('!done', answer.ret === undefined ? {} : { ret: answer.ret });
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      this.#trap(error, reply);
    }
  }

  #trap(trap: Trap, reply: (type: string, row?: Row) => void): void {
    const category: Row = trap.category === null ? {} : { category: String(trap.category) };
    reply('!trap', { ...category, message: trap.message });
    reply('!done');
  }

  #login(words: readonly string[], reply: (type: string, row?: Row) => void): void {
    const arg = (name: string) => words.find((word) => word.startsWith(`=${name}=`))?.slice(name.length + 2);
    const old = compareVersions(this.#router.version, '6.43') < 0;
    const user = this.#router.description.users.find((one) => one.name === arg('name'));
    const response = arg('response');
    if (old && response === undefined) {
      this.#challenge = randomBytes(16);
      reply('!done', { ret: this.#challenge.toString('hex') });
      return;
    }
    const expected = (password: string) =>
      `00${createHash('md5')
        .update(Buffer.concat([Buffer.of(0), Buffer.from(password), this.#challenge ?? Buffer.of()]))
        .digest('hex')}`;
    const right =
      user !== undefined && (old ? response === expected(user.password) : arg('password') === user.password);
    if (user === undefined || !right) {
      reply('!trap', { message: old ? 'cannot log in' : 'invalid user name or password (6)' });
      reply('!done');
      return;
    }
    this.#user = { name: user.name, policy: user.policy ?? 'full' };
    this.#reader.limit = 64 * 1024 * 1024;
    reply('!done');
  }

  #cancel(words: readonly string[], tag: string | undefined): void {
    const wanted = words.find((word) => word.startsWith('=tag='))?.slice(5);
    const cancelled = [...this.#following.keys()].filter(
      (one) => wanted === undefined || one === `.tag=${wanted}`,
    );
    for (const one of cancelled) {
      this.#following.get(one)?.();
      this.#following.delete(one);
      this.#reply('!trap', { category: '2', message: 'interrupted' }, one);
    }
    this.#reply('!done', {}, tag);
    for (const one of cancelled) this.#reply('!done', {}, one);
  }

  #reply(type: string, row: Row, tag: string | undefined): void {
    if (!this.#dead) this.#delivery.send(frame(this.#words(type, row, tag)));
  }

  #replyAll(rows: readonly Row[], tag: string | undefined): void {
    if (rows.length > 0 && !this.#dead)
      this.#delivery.send(Buffer.concat(rows.map((row) => frame(this.#words('!re', row, tag)))));
  }

  #words(type: string, row: Row, tag: string | undefined): string[] {
    const attributes = Object.entries(row).map(([name, value]) => `=${name}=${value}`);
    return tag === undefined ? [type, ...attributes] : [type, tag, ...attributes];
  }

  #fatal(reason: string): void {
    this.#delivery.send(frame(['!fatal', reason]));
    this.#dead = true;
    this.#delivery.afterwards(() => this.#socket.end());
  }

  #reset(): void {
    this.#dead = true;
    this.#socket.resetAndDestroy();
  }

  #stopAll(): void {
    for (const stop of this.#following.values()) stop();
    this.#following.clear();
  }
}
