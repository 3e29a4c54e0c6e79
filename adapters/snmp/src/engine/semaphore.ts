import { SnmpError } from '../error.ts';

interface Waiter {
  enter: () => void;
}

/** Lets at most `size` holders in, the others in order of arrival. */
export class Semaphore {
  #free: number;
  /** In order of arrival; those before the head are gone. */
  #waiting: (Waiter | undefined)[] = [];
  #head = 0;

  constructor(size: number) {
    this.#free = size;
  }

  /** At once, when a place is free; null otherwise. */
  tryAcquire(): (() => void) | null {
    if (this.#free === 0) return null;
    this.#free--;
    return this.#place();
  }

  /** Resolves with the function that gives the place back; rejects with `cancelled` when the signal fires first. */
  acquire(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) return Promise.reject(cancelled());
    const place = this.tryAcquire();
    if (place !== null) return Promise.resolve(place);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        enter: () => {
          signal?.removeEventListener('abort', leave);
          resolve(this.#place());
        },
      };
      const leave = () => {
        const position = this.#waiting.indexOf(waiter, this.#head);
        if (position >= 0) this.#waiting.splice(position, 1);
        reject(cancelled());
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiter);
    });
  }

  /** One place more. */
  widen(): void {
    this.#release();
  }

  /** The function that gives a place back, once. */
  #place(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#release();
    };
  }

  #release(): void {
    const next = this.#waiting[this.#head];
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting[this.#head++] = undefined;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head >= 1_024) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    next.enter();
  }
}

function cancelled(): SnmpError {
  return new SnmpError('cancelled', 'Cancelled before it was sent');
}
