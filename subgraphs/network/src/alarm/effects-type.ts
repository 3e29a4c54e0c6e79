import { builder } from '../builder.ts';
import { deviceOfRow } from '../port-fields.ts';
import { AlarmRef } from '../types.ts';
import type { RuleEffects, WouldBeAlarm } from './effects.ts';

const mostShown = 100;

const WouldBeAlarmRef = builder.objectRef<WouldBeAlarm>('WouldBeAlarm').implement({
  description: 'What a rule would call wrong, as it was last read.',
  fields: (t) => ({
    device: t.field(deviceOfRow),
    evidence: t.string({ resolve: ({ value }) => value.words }),
  }),
});

/** What a change of rules, or of where they hold, does to alarms, and of what plan it is. */
export interface PlannedEffects {
  readonly effects: RuleEffects;
  readonly fingerprint: string;
}

export const AlarmEffectsRef = builder.interfaceRef<PlannedEffects>('AlarmEffects').implement({
  description:
    'What follows for alarms if the next readings are as the last ones, however many in a row it takes.',
  fields: (t) => ({
    wouldRaiseCount: t.int({ resolve: ({ effects }) => effects.raised.length }),
    wouldRaise: t.field({
      type: [WouldBeAlarmRef],
      description: `The first ${mostShown} of them.`,
      resolve: ({ effects }) => effects.raised.slice(0, mostShown),
    }),
    wouldEndCount: t.int({
      description: 'Open alarms that nothing would hold open any more.',
      resolve: ({ effects }) => effects.ended.length,
    }),
    wouldEnd: t.field({
      type: [AlarmRef],
      description: `The first ${mostShown} of them.`,
      resolve: ({ effects }) => effects.ended.slice(0, mostShown),
    }),
    fingerprint: t.exposeString('fingerprint', {
      description: 'Of the rules in force and of where they hold. Readings sway, and are no part of it.',
    }),
  }),
});
