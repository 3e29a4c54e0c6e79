import { setImmediate as nextTurn } from 'node:timers/promises';

/** As many at a time: a login waits for some milliseconds, and what else comes meanwhile is one group for the next COMMIT. */
export const sliceLength = 256;

/** The items in their order, slice by slice: between two, whoever waits for the event loop has a turn. */
export async function* inSlices<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  if (items.length <= sliceLength) yield items;
  else
    for (let at = 0; at < items.length; at += sliceLength) {
      if (at > 0) await nextTurn();
      yield items.slice(at, at + sliceLength);
    }
}
