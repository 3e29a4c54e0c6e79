import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, UsageError } from '../commands/command.ts';
import { isMissing } from '../secrets/file-secrets.ts';

interface DemoFile {
  readonly graphql: string;
  readonly tenants: Readonly<
    Record<
      string,
      {
        readonly tokens: Readonly<Record<string, string>>;
        readonly apiKey: string;
        readonly logins: readonly { readonly username: string; readonly password: string }[];
      }
    >
  >;
  readonly operator: { readonly token: string };
  readonly partner: { readonly token: string; readonly apiKey: string };
}

/** What `start` wrote for its demo. @throws CommandError when there is none. */
function readDemoFile(home: string): DemoFile {
  try {
    return JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8')) as DemoFile;
  } catch (error) {
    if (isMissing(error))
      throw new CommandError(`There is no demo in ${home}. Start it with: npx -y pnpm@12 start`);
    throw error;
  }
}

/**
 * Somebody of the demo: `alpha.owner`, `alpha.noc`, `alpha.billing`, `alpha.subscriber`, `alpha.key`, `operator`,
 * `partner` or `partner.key`.
 */
export function demoCredential(home: string, who: string): { readonly url: string; readonly token: string } {
  const demo = readDemoFile(home);
  const [place = '', role = 'owner'] = who.split('.');
  const token = tokenOf(demo, place, role);
  if (token === undefined) {
    const tenants = Object.keys(demo.tenants).map((slug) => `${slug}.owner|noc|billing|subscriber|key`);
    throw new UsageError(
      `There is no "${who}"; there are: ${[...tenants, 'operator', 'partner', 'partner.key'].join(', ')}`,
    );
  }
  return { url: demo.graphql, token };
}

function tokenOf(demo: DemoFile, place: string, role: string): string | undefined {
  if (place === 'operator') return demo.operator.token;
  if (place === 'partner') return role === 'key' ? demo.partner.apiKey : demo.partner.token;
  const tenant = demo.tenants[place];
  return role === 'key' ? tenant?.apiKey : tenant?.tokens[role];
}

/** The password with which a demo subscriber's router logs in, or undefined for anybody else. */
export function demoPasswordOf(home: string, tenant: string, username: string): string | undefined {
  return readDemoFile(home).tenants[tenant]?.logins.find((login) => login.username === username)?.password;
}
