import { NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { fingerprintOf } from '../change/apply.ts';
import type { ProfileProblem } from '../ports.ts';
import { ChangeModeEnum } from '../types.ts';
import { keepProfiles } from './keep.ts';
import { currentProfiles, type DeviceProfile, insertVersion, lockProfiles, versionsOf } from './store.ts';

const mostOctets = 256 * 1024;

const DeviceProfileRef = builder.objectRef<DeviceProfile>('DeviceProfile');
DeviceProfileRef.implement({
  description: 'Knowledge of a family of devices as data, which the tenant added to what DotMac brings.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of the profile; with an id of ours it stands in its place.' }),
    version: t.exposeInt('version'),
    content: t.string({
      nullable: true,
      description: 'As JSON; null where the profile was retired.',
      resolve: ({ content }) => (content === null ? null : JSON.stringify(content)),
    }),
    addedBy: t.exposeString('addedBy'),
    addedAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    versions: t.field({
      type: [DeviceProfileRef],
      description: 'All there were, the newest first.',
      resolve: ({ id }, _args, { services }) => versionsOf(services.database, id),
    }),
  }),
});

const ProfileProblemRef = builder.objectRef<ProfileProblem>('DeviceProfileProblem').implement({
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Where, such as sensors.3.column; empty for the whole.' }),
    message: t.exposeString('message', { description: 'What is wrong and what would be right.' }),
  }),
});

interface AddResult {
  readonly problems: readonly ProfileProblem[];
  readonly version: number;
  readonly fingerprint: string;
  readonly profile: DeviceProfile | null;
}

const AddResultRef = builder.objectRef<AddResult>('AddDeviceProfileResult').implement({
  fields: (t) => ({
    problems: t.field({
      type: [ProfileProblemRef],
      description: 'With any, the profile is not taken.',
      resolve: ({ problems }) => [...problems],
    }),
    version: t.exposeInt('version', { description: 'That it has or would get.' }),
    fingerprint: t.exposeString('fingerprint'),
    profile: t.field({
      type: DeviceProfileRef,
      nullable: true,
      description: 'Of APPLY, when nothing is wrong.',
      resolve: ({ profile }) => profile,
    }),
  }),
});

const AddDeviceProfileInput = builder.inputType('AddDeviceProfileInput', {
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    content: t.string({ required: true, description: 'The profile as JSON, as "device learn" drafts one.' }),
    clientMutationId: t.string(),
  }),
});

builder.queryField('deviceProfiles', (t) =>
  t.field({
    type: [DeviceProfileRef],
    description: 'The profiles the tenant added, in their newest versions.',
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => currentProfiles(services.database),
  }),
);

builder.mutationField('addDeviceProfile', (t) =>
  t.field({
    type: AddResultRef,
    description:
      'Adds a profile, or a version of one: checked as ours are, used from the next probe of each device, without a deployment.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, StalePlanError] },
    args: { input: t.arg({ type: AddDeviceProfileInput, required: true }) },
    resolve: async (_root, { input }, { services, profiles, poller, principal }): Promise<AddResult> => {
      const content = parsed(input.content);
      const problems = profiles.check(content);
      const id = String((content as { id?: unknown } | null)?.id ?? '');
      const result = await services.database.transaction().execute(async (transaction) => {
        await lockProfiles(transaction);
        const version = ((await versionsOf(transaction, id))[0]?.version ?? 0) + 1;
        const fingerprint = fingerprintOf(`profile:${id}`, input.content, [String(version)]);
        const plan = { problems, version, fingerprint, profile: null };
        if (input.mode === 'PLAN' || problems.length > 0) return plan;
        if (input.fingerprint !== fingerprint) throw new StalePlanError();
        const profile = await insertVersion(transaction, {
          id,
          version,
          content: JSON.stringify(content),
          addedBy: principal.id,
          createdAt: new Date(services.clock.now()),
        });
        return { ...plan, profile };
      });
      if (result.profile !== null) {
        await keepProfiles(services, profiles);
        poller.probeAgain();
      }
      return result;
    },
  }),
);

builder.mutationField('retireDeviceProfile', (t) =>
  t.field({
    type: DeviceProfileRef,
    description: 'It is used no more; its versions stay.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError] },
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, { id }, { services, profiles, poller, principal }) => {
      const retired = await services.database.transaction().execute(async (transaction) => {
        await lockProfiles(transaction);
        const [newest] = await versionsOf(transaction, id);
        if (newest === undefined || newest.content === null) throw new NotFoundError('DeviceProfile', id);
        return insertVersion(transaction, {
          id,
          version: newest.version + 1,
          content: null,
          addedBy: principal.id,
          createdAt: new Date(services.clock.now()),
        });
      });
      await keepProfiles(services, profiles);
      poller.probeAgain();
      return retired;
    },
  }),
);

function parsed(content: string): unknown {
  if (Buffer.byteLength(content) > mostOctets)
    throw new ValidationError('input.content', `A profile has at most ${mostOctets} octets`);
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new ValidationError(
      'input.content',
      `It is no JSON: ${error instanceof Error ? error.message : error}`,
    );
  }
}
