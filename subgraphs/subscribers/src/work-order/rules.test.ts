import { expect, test } from 'vitest';
import { missingFor, nextStates, workOrderStates } from './rules.ts';

test('every state is reached from PENDING, and only what has ended goes nowhere', () => {
  const reached = new Set(['PENDING']);
  for (let before = 0; before !== reached.size; ) {
    before = reached.size;
    for (const state of workOrderStates)
      if (reached.has(state)) for (const one of nextStates(state)) reached.add(one);
  }
  expect(reached).toEqual(new Set(workOrderStates));
  expect(workOrderStates.filter((state) => nextStates(state).length === 0)).toEqual(['COMPLETED', 'FAILED']);
});

test('nobody goes without a name, and nothing ends without a report', () => {
  const nothing = { technician: null, report: null };
  expect(missingFor('PENDING', nothing)).toBeUndefined();
  expect(missingFor('TRAVELLING', nothing)).toBe('technician');
  expect(missingFor('COMPLETED', { ...nothing, technician: 'Grace' })).toBe('report');
  expect(missingFor('FAILED', nothing)).toBe('report');
  expect(missingFor('COMPLETED', { technician: 'Grace', report: '-21 dBm' })).toBeUndefined();
});
