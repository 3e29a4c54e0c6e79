/** Where a message is known from: a manual or source, reports of other users, or working knowledge only. */
type Evidence = 'manual' | 'reported' | 'unproven';

interface Message {
  readonly category?: number;
  readonly evidence: Evidence;
}

/** Every refusal the simulator can speak, by its exact words (`<x>` stands for the argument's name). */
const messageTable = {
  'no such command prefix': { evidence: 'reported' },
  'no such command': { evidence: 'reported' },
  'unknown parameter': { evidence: 'reported' },
  'unknown parameter <x>': { evidence: 'reported' },
  'input does not match any value of <x>': { category: 1, evidence: 'manual' },
  'failure: already have such name': { evidence: 'reported' },
  'failure: already have such entry': { evidence: 'reported' },
  'failure: already have such address': { evidence: 'reported' },
  'failure: already have interface with such name': { evidence: 'reported' },
  'failure: secret with the same name already exists': { evidence: 'unproven' },
  'no such item': { evidence: 'reported' },
  'no such item (4)': { evidence: 'reported' },
  'not enough permissions (9)': { evidence: 'reported' },
  'invalid user name or password (6)': { evidence: 'manual' },
  'cannot log in': { evidence: 'manual' },
  interrupted: { category: 2, evidence: 'manual' },
  'missing value(s) of argument(s) <x>': { evidence: 'unproven' },
  'failure: can not change dynamic': { evidence: 'unproven' },
} as const satisfies Record<string, Message>;
export type MessageKey = keyof typeof messageTable;

/** A refusal, as `!trap` carries it. */
export class Trap extends Error {
  readonly category: number | null;

  constructor(key: MessageKey, argument = '') {
    super(key.replace('<x>', argument));
    const message: Message = messageTable[key];
    this.category = message.category ?? null;
  }
}
