import { signIn } from '../demo/tenants.ts';
import { type GraphClient, graphClient } from '../graph-client.ts';
import { operatorEmail } from '../processes/operator.ts';
import { openFileSecrets } from '../secrets/file-secrets.ts';
import { readSettings } from './settings.ts';

/** The graph of the installation at hand, as its operator. */
export async function operator(): Promise<GraphClient> {
  const { home, port } = readSettings();
  const password = await openFileSecrets(home).read('platform', 'operator-password');
  return (await signIn(graphClient(`http://127.0.0.1:${port}/graphql`), operatorEmail, password)).client;
}
