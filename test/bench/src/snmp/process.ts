import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A script of `servers/` in a process of its own, so that its CPU time is its own. */
export interface Worker<Ready, Question, Answer> {
  readonly ready: Ready;
  ask(question: Question): Promise<Answer>;
  stop(): Promise<void>;
}

export async function startWorker<Ready, Question extends object, Answer>(
  script: string,
  argument: unknown,
): Promise<Worker<Ready, Question, Answer>> {
  const child = fork(new URL(`./servers/${script}`, import.meta.url), [JSON.stringify(argument)], {
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ready = (await answerOf(child)) as Ready;
  return {
    ready,
    ask: async (question) => {
      child.send(question);
      return (await answerOf(child)) as Answer;
    },
    async stop() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const exited = (code: number | null) => reject(new Error(`${child.spawnargs[1]} ended with ${code}`));
    child.once('exit', exited);
    child.once('message', (message) => {
      child.off('exit', exited);
      resolve(message);
    });
  });
}

/** The other side: says that it is ready, then answers. */
export function serveParent<Question>(
  ready: unknown,
  answer: (question: Question) => unknown | Promise<unknown>,
): void {
  process.on('message', async (question) => process.send?.((await answer(question as Question)) as object));
  process.on('disconnect', () => process.exit());
  process.send?.(ready as object);
}

export function serverArgument<Argument>(): Argument {
  return JSON.parse(process.argv[2] ?? 'null') as Argument;
}
