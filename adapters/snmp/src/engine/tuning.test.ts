import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  backOff,
  bulkPlan,
  expectedRows,
  learnReply,
  learnRows,
  learnRtt,
  newTuning,
  shrink,
  type Trouble,
} from './tuning.ts';

test('the timeout follows the round trip between its floor and its ceiling', () => {
  const near = newTuning();
  for (let i = 0; i < 20; i++) learnRtt(near, 2);
  expect(near.timeout).toBe(300);
  const far = newTuning();
  for (let i = 0; i < 20; i++) learnRtt(far, 700);
  expect(far.timeout).toBeGreaterThan(700);
  expect(far.timeout).toBeLessThan(1_000);
  for (let i = 0; i < 20; i++) backOff(far);
  expect(far.timeout).toBe(5_000);
});

test('whatever goes wrong, requests get smaller until one object is left, and that within a few steps', () => {
  const trouble = fc.constantFrom<Trouble>('tooBig', 'empty', 'timeout', 'malformed');
  fc.assert(
    fc.property(fc.infiniteStream(trouble), fc.integer({ min: 1, max: 40 }), (troubles, wanted) => {
      const tuning = newTuning();
      for (let steps = 0; steps < 25; steps++) {
        const plan = bulkPlan(tuning, wanted);
        expect(plan.columns).toBeGreaterThanOrEqual(1);
        expect(plan.repetitions).toBeGreaterThanOrEqual(1);
        if (!shrink(tuning, troubles.next().value, plan)) {
          expect({ method: tuning.method, columns: plan.columns }).toEqual({ method: 'next', columns: 1 });
          return;
        }
      }
      throw new Error('never came to an end');
    }),
  );
});

test('an agent that never answered GETBULK is asked by GETNEXT after two silences', () => {
  const tuning = newTuning();
  shrink(tuning, 'timeout', bulkPlan(tuning, 12));
  shrink(tuning, 'timeout', bulkPlan(tuning, 12));
  expect(tuning.method).toBe('next');
});

test('replies are planned to fit one packet, and grow again after clean rounds', () => {
  const tuning = newTuning();
  learnReply(tuning, 1_200, 12);
  expect(bulkPlan(tuning, 12)).toEqual({ columns: 12, repetitions: 1 });
  const small = newTuning();
  shrink(small, 'tooBig', { columns: 12, repetitions: 10 });
  expect(small.repetitions).toBe(5);
  for (let i = 0; i < 20; i++) learnReply(small, 20, 1);
  expect(small.repetitions).toBe(6);
});

test('a device that keeps up is asked for more, and for no more than it has shown to bear', () => {
  const tuning = newTuning();
  for (let rounds = 0; rounds < 200; rounds++) learnReply(tuning, 2_400, 120);
  expect(bulkPlan(tuning, 12)).toEqual({ columns: 12, repetitions: 23 });
  shrink(tuning, 'timeout', { columns: 12, repetitions: 23 });
  for (let rounds = 0; rounds < 500; rounds++) learnReply(tuning, 2_400, 120);
  expect(tuning).toMatchObject({ repetitions: 10, replyTarget: 2_800 });
});

test('rows that are known to come are shared out evenly, with one more for the end', () => {
  const tuning = newTuning();
  const columns = [Uint8Array.of(43, 6, 1)];
  expect(expectedRows(tuning, columns)).toBeNaN();
  learnRows(tuning, columns, 48);
  expect(expectedRows(tuning, columns)).toBe(48);
  expect(bulkPlan(tuning, 12, 48)).toEqual({ columns: 12, repetitions: 10 });
  expect(bulkPlan(tuning, 12, 13)).toEqual({ columns: 12, repetitions: 7 });
  expect(bulkPlan(tuning, 12, 3)).toEqual({ columns: 12, repetitions: 4 });
  expect(bulkPlan(tuning, 12, -2)).toEqual({ columns: 12, repetitions: 10 });
});
