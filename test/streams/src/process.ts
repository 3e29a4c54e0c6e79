import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A process of the installation that dies without a word, and comes back as it was. */
export class KillableProcess {
  readonly #script: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #ready: (child: ChildProcess) => Promise<unknown>;
  readonly #prepare: () => Promise<unknown>;
  #child: ChildProcess | undefined;

  constructor(
    script: string,
    environment: Readonly<Record<string, string>>,
    /** Resolves when it serves. */
    ready: (child: ChildProcess) => Promise<unknown>,
    /** Done before every start. */
    prepare: () => Promise<unknown> = () => Promise.resolve(),
  ) {
    this.#script = script;
    this.#environment = environment;
    this.#ready = ready;
    this.#prepare = prepare;
  }

  async start(): Promise<void> {
    await this.#prepare();
    const child = spawn(process.execPath, [this.#script], {
      env: { PATH: process.env.PATH, DOTMAC_LOG_LEVEL: 'error', ...this.#environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    const exited = once(child, 'exit').then(() => {
      throw new Error(`${this.#script} ended before it served`);
    });
    exited.catch(() => undefined);
    await Promise.race([this.#ready(child), exited]);
  }

  /** SIGKILL: nothing is said goodbye to. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** SIGTERM: it ends in order. */
  end(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
