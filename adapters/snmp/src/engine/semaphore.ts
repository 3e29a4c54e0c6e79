import { SnmpError } from '../error.ts';

/** Lets at most `size` holders in, the others in order of arrival. */
export class Semaphore {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(size: number) {
    this.#free = size;
  }

  /** Resolves with the function that gives the place back; rejects with `cancelled` when the signal fires first. */
  acquire(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) return Promise.reject(new SnmpError('cancelled', 'Cancelled before it was sent'));
    return new Promise((resolve, reject) => {
      const enter = () => {
        this.#waiting.delete(enter);
        signal?.removeEventListener('abort', leave);
        let held = true;
        resolve(() => {
          if (!held) return;
          held = false;
          this.#release();
        });
      };
      const leave = () => {
        this.#waiting.delete(enter);
        reject(new SnmpError('cancelled', 'Cancelled before it was sent'));
      };
      if (this.#free > 0) {
        this.#free--;
        enter();
        return;
      }
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.add(enter);
    });
  }

  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else next();
  }
}
