import { ConflictError, StalePlanError, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { fingerprintOf } from '../change/apply.ts';
import { ChangeModeEnum } from '../types.ts';
import { carryOutImport, type ImportStep, planImport } from './apply.ts';
import { understand } from './rules.ts';
import { isImportTable, type ReadTables, type RowError, readCsv, readSqlDump } from './tables.ts';

const mostCharacters = 16 * 2 ** 20;

const ImportStepRef = builder.objectRef<ImportStep>('RadiusImportStep').implement({
  description: 'One NAS that is registered, or one service whose login changes.',
  fields: (t) => ({
    kind: t.expose('kind', {
      type: builder.enumType('RadiusImportKind', { values: ['NAS', 'USER'] as const }),
    }),
    name: t.exposeString('name'),
    changes: t.stringList({
      description: 'In words; no password and no secret is among them.',
      resolve: ({ changes }) => [...changes],
    }),
  }),
});

const RowErrorRef = builder.objectRef<RowError>('RadiusImportRowError').implement({
  description: 'A row that is not taken over, and why; the others are.',
  fields: (t) => ({
    table: t.exposeString('table'),
    line: t.exposeInt('line', { description: 'From 1, in what was given.' }),
    message: t.exposeString('message'),
  }),
});

interface ImportResult {
  readonly steps: readonly ImportStep[];
  readonly errors: readonly RowError[];
  readonly fingerprint: string;
}

const ImportResultRef = builder.objectRef<ImportResult>('RadiusImportResult').implement({
  fields: (t) => ({
    steps: t.field({ type: [ImportStepRef], resolve: ({ steps }) => [...steps] }),
    rowErrors: t.field({ type: [RowErrorRef], resolve: ({ errors }) => [...errors] }),
    fingerprint: t.exposeString('fingerprint'),
  }),
});

const ImportRadiusInput = builder.inputType('ImportRadiusInput', {
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    content: t.string({ required: true, description: 'The dump, or one table as CSV with column names.' }),
    table: t.string({
      description:
        'For CSV: radcheck, radreply, radusergroup, radgroupcheck, radgroupreply or nas. Left out for a SQL dump.',
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('importRadius', (t) =>
  t.field({
    type: ImportResultRef,
    description:
      'Takes over logins and NASes from tables of FreeRADIUS or daloRADIUS: a dump of MySQL or PostgreSQL, or CSV. Users are ' +
      'the open services with their login names.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: ImportRadiusInput, required: true }) },
    resolve: async (_root, { input }, { services, policy, principal, traceId }): Promise<ImportResult> => {
      const { rows, errors } = read(input.content, input.table ?? null);
      const imported = understand(rows);
      const { result, changed } = await services.database.transaction().execute(async (transaction) => {
        const plan = await planImport(transaction, imported, input.mode === 'APPLY');
        const steps = [...plan.nases, ...plan.users].map(({ step }) => step);
        const fingerprint = fingerprintOf('import', input.content, [
          input.table ?? '',
          JSON.stringify(steps),
        ]);
        const all = { steps, errors: [...errors, ...plan.errors], fingerprint };
        if (input.mode === 'PLAN') return { result: all, changed: [] };
        if (input.fingerprint !== fingerprint) throw new StalePlanError();
        const by = { actor: principal.id, traceId };
        return { result: all, changed: await carryOutImport(services, transaction, plan, by) };
      });
      await policy.refresh(changed);
      return result;
    },
  }),
);

function read(content: string, table: string | null): ReadTables {
  if (content.length > mostCharacters)
    throw new ValidationError(
      'input.content',
      `At most ${mostCharacters} characters at once; give table after table`,
    );
  if (table === null) return readSqlDump(content);
  const name = table.toLowerCase();
  if (!isImportTable(name))
    throw new ValidationError(
      'input.table',
      `There is no table "${table}" to import; there are radcheck, radreply, radusergroup, radgroupcheck, radgroupreply and nas`,
    );
  return readCsv(name, content);
}
