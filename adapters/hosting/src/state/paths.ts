import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isRoot } from '../account.ts';
import { HostingError } from '../error.ts';
import type { TenantId, WorkloadRef } from '../port.ts';
import { openPrivateDirectory } from '../private-directory.ts';

/** sockaddr_un.sun_path holds 108 bytes with its terminating zero; the longest name we put in is PostgreSQL's. */
const LONGEST_SOCKET_DIRECTORY = 107 - '/.s.PGSQL.5432'.length;
const SYSTEM_STATE = '/var/lib/dotmac';

/** Where everything lies on disk. */
export interface HostingPaths {
  readonly root: string;
  /** Tells the state folders of one machine apart. */
  readonly key: string;
  readonly binaries: string;
  readonly templates: string;
  readonly accounts: string;
  readonly tenants: string;
  tenant(tenant: TenantId): string;
  database(tenant: TenantId): string;
  workload(ref: WorkloadRef): string;
  /** What a component keeps from generation to generation. */
  componentState(ref: WorkloadRef): string;
  /** Short enough for a unix socket, the same after every restart. */
  socketDirectory(purpose: string): string;
}

/**
 * Lays the state out below `home`. As root the servers run under other accounts, so when a parent of `home` lets
 * nobody pass (`/root`), the files lie in `/var/lib/dotmac` instead, in a folder per home.
 * @throws HostingError `STATE_FOLDER_UNWRITABLE`
 */
export function openPaths(home: string): HostingPaths {
  if (existsSync(home) && !statSync(home).isDirectory()) {
    throw new HostingError(
      'STATE_FOLDER_UNWRITABLE',
      `${home} is not a directory. Remove it, or move the state with DOTMAC_HOME.`,
    );
  }
  const key = createHash('sha256').update(resolve(home)).digest('hex').slice(0, 8);
  const root =
    isRoot() && !isTraversable(resolve(home)) ? join(SYSTEM_STATE, key) : join(resolve(home), 'hosting');
  mkdirSync(root, { recursive: true, mode: 0o711 });
  const tenants = join(root, 'tenants');
  const inRoot = join(root, 'run');
  const sockets =
    Buffer.byteLength(join(inRoot, shortName(''))) <= LONGEST_SOCKET_DIRECTORY
      ? inRoot
      : join(tmpdir(), `dotmac-${process.geteuid?.() ?? 'user'}-${key}`);
  const tenant = (id: TenantId) => join(tenants, id);
  return {
    root,
    key,
    binaries: join(root, 'postgres'),
    templates: join(root, 'templates'),
    accounts: join(root, 'accounts'),
    tenants,
    tenant,
    database: (id) => join(tenant(id), 'database'),
    workload: (ref) => join(tenant(ref.tenant), 'workloads', `${ref.component}-${ref.generation}`),
    componentState: (ref) => join(tenant(ref.tenant), 'state', ref.component),
    socketDirectory: (purpose) => join(openPrivateDirectory(sockets), shortName(purpose)),
  };
}

/** Whether every existing folder on the way lets other accounts pass. */
export function isTraversable(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

function shortName(purpose: string): string {
  return createHash('sha256').update(purpose).digest('hex').slice(0, 12);
}
