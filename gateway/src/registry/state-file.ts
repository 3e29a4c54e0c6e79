import { randomUUID } from 'node:crypto';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { RegistryData } from './snapshot.ts';

const instant = z.number().nullable();
const optionalId = z.string().nullable();
const contents: z.ZodType<RegistryData> = z.object({
  routes: z.array(
    z.object({
      tenantId: z.string(),
      slug: z.string(),
      name: z.string(),
      hostnames: z.array(z.string()),
      state: z.enum(['ACTIVE', 'SUSPENDED', 'CLOSED']),
      origin: z.string(),
      bundles: z.array(z.string()).default([]),
      trustedDocumentsOnly: z.boolean().default(false),
    }),
  ),
  apiKeys: z.array(
    z.object({
      id: z.string(),
      hash: z.string(),
      name: z.string(),
      tenantId: optionalId,
      partnerId: optionalId,
      scopes: z.array(z.string()),
      allowedAddresses: z.array(z.string()),
      expiresAt: instant,
      revoked: z.boolean(),
      trustedDocumentsOnly: z.boolean().default(false),
    }),
  ),
  verificationKeys: z.array(z.object({ id: z.string(), publicPem: z.string(), tenantId: optionalId })),
  memberships: z.array(
    z.object({
      accountId: z.string(),
      tenantId: optionalId,
      partnerId: optionalId,
      role: z.string(),
      expiresAt: instant,
    }),
  ),
  documentsVersion: z.string().default(''),
});

/** Replaces the file at once, readable by its owner only: it holds hashes of keys and who may do what. */
export async function writeStateFile(path: string, data: RegistryData): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, JSON.stringify(data), { mode: 0o600, flag: 'wx' });
    await chmod(temporary, 0o600);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * What the last gateway knew, or null when there is no file.
 * @throws Error that names the file when it cannot be read or is not what `writeStateFile` wrote.
 */
export async function readStateFile(path: string): Promise<RegistryData | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(`The gateway's state file ${path} cannot be read`, { cause: error });
  }
  try {
    return contents.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`The gateway's state file ${path} is damaged; remove it to start without it`, {
      cause: error,
    });
  }
}
