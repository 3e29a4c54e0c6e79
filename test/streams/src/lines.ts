import { setTimeout as delay } from 'node:timers/promises';
import type { SimulatedNas } from '@dotmac/lab/radius';
import type { Subscriber } from './graph.ts';

/** What a NAS has told of a session that is over, and had an answer to. */
interface ToldSession {
  readonly nativeId: string;
  readonly username: string;
  readonly downstreamOctets: bigint;
}

/** Subscribers who log in, use and log out all the time; a NAS says every word again until it is answered. */
export interface Load {
  /** Sessions whose every word was answered, their Stop last. */
  readonly told: readonly ToldSession[];
  /** Logins that were refused although nothing is wrong with them. */
  readonly refused: readonly string[];
  /** Answers to one who is suspended. */
  readonly suspended: { readonly refused: number; readonly admitted: number };
  /** Resolves when so many more sessions are told and the suspended one was refused once more. @throws what ended the load. */
  progress(sessions: number): Promise<void>;
  /** Lets everybody finish his session. */
  end(): Promise<void>;
}

export function startLoad(nas: SimulatedNas, entitled: readonly Subscriber[], suspended: Subscriber): Load {
  const told: ToldSession[] = [];
  const refused: string[] = [];
  const answers = { refused: 0, admitted: 0 };
  let ending = false;
  const line = async ({ username, password, mac }: Subscriber) => {
    for (let turn = 1n; !ending; turn++) {
      const { session, reason } = await nas.login(username, password, { mac });
      if (session === null) {
        refused.push(`${username} was ${reason}`);
        continue;
      }
      // Each word tells of more, so that one that is lost is missing.
      for (const downstream of [2n ** 31n + turn, 2n ** 32n + turn]) {
        nas.advance(session.id, { upstream: turn, downstream });
        if ((await nas.interim(session.id)) !== 1) throw new Error(`An interim of ${username} has no answer`);
      }
      nas.advance(session.id, { upstream: 1n, downstream: turn });
      if (!(await nas.logout(session.id))) throw new Error(`A Stop of ${username} has no answer`);
      told.push({ nativeId: session.id, username, downstreamOctets: session.downstreamOctets });
    }
  };
  const stranger = async ({ username, password, mac }: Subscriber) => {
    while (!ending) {
      const { accepted, reason } = await nas.login(username, password, { mac });
      if (accepted) answers.admitted++;
      else if (reason === 'REJECTED') answers.refused++;
    }
  };
  const all = Promise.all([...entitled.map(line), stranger(suspended)]);
  all.catch(() => undefined);
  return {
    told,
    refused,
    suspended: answers,
    async progress(sessions) {
      const [enough, again] = [told.length + sessions, answers.refused];
      const made = async () => {
        while (told.length < enough || answers.refused === again) await delay(20);
      };
      await Promise.race([made(), all]);
    },
    async end() {
      ending = true;
      await all;
    },
  };
}
