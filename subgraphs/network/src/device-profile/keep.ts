import type { NetworkServices } from '../builder.ts';
import type { ProfileKit } from '../ports.ts';
import { currentProfiles } from './store.ts';

/** Gives the driver the tenant's profiles as they are now. One that passes no longer is left out and told of. */
export async function keepProfiles({ database, logger }: NetworkServices, kit: ProfileKit): Promise<void> {
  const good: unknown[] = [];
  for (const { id, content } of await currentProfiles(database)) {
    const problems = kit.check(content);
    if (problems.length === 0) good.push(content);
    else
      logger.warn(
        { profile: id, problems },
        'a profile of the tenant no longer passes the check and is not used',
      );
  }
  kit.use(good);
}
