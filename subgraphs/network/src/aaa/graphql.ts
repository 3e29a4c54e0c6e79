import { ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import type { LoginExplanation, LoginQuestion } from './explain.ts';
import type { ExplainedStep } from './rules.ts';

const LoginStepRef = builder.objectRef<ExplainedStep>('LoginStep').implement({
  fields: (t) => ({
    check: t.exposeString('check'),
    passed: t.exposeBoolean('passed'),
    fact: t.exposeString('fact', { description: 'What was looked at.' }),
  }),
});
const LoginDecisionEnum = builder.enumType('LoginDecision', {
  description: 'FORWARD: the home servers of its realm decide.',
  values: ['ACCEPT', 'WALLED_GARDEN', 'REJECT', 'FORWARD'] as const,
});
export const LoginExplanationRef = builder.objectRef<LoginExplanation>('LoginExplanation').implement({
  description: 'What the answer to a login would be now, check by check up to the one that decides.',
  fields: (t) => ({
    decision: t.expose('decision', { type: LoginDecisionEnum }),
    reason: t.exposeString('reason', { nullable: true, description: 'The stable code of a refusal.' }),
    steps: t.field({ type: [LoginStepRef], resolve: ({ steps }) => [...steps] }),
  }),
});

builder.queryField('explainLogin', (t) =>
  t.field({
    type: LoginExplanationRef,
    description: 'The server itself is asked: the same checks in the same order, nothing recorded.',
    authScopes: { scope: 'network:read' },
    args: {
      username: t.arg.string({ required: true }),
      nasAddress: t.arg({ type: 'IPAddress', description: 'Its source address, or `nasId`.' }),
      nasId: t.arg.id({ description: 'For one that comes over TLS and has no address.' }),
      mac: t.arg.string(),
      password: t.arg.string({ description: 'To have it checked too.' }),
      portId: t.arg.string({ description: 'NAS-Port-Id.' }),
      circuitId: t.arg.string({ description: 'Agent-Circuit-Id.' }),
    },
    resolve: (_root, { username, nasAddress, nasId, mac, password, portId, circuitId }, { policy }) =>
      policy.explain({
        username,
        nas: askedNas(nasAddress, nasId),
        mac: mac ?? null,
        password: password ?? null,
        portId: portId ?? null,
        circuitId: circuitId ?? null,
      }),
  }),
);

function askedNas(address: string | null | undefined, id: string | null | undefined): LoginQuestion['nas'] {
  if (id != null) return { id };
  if (address != null) return { address };
  throw new ValidationError('nasAddress', 'Which NAS is needed: its nasAddress, or its nasId');
}
