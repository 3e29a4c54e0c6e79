import { readConfig } from '@dotmac/platform/config';
import { z } from 'zod';

/** What every command reads from its environment. */
export function readSettings(): {
  readonly home: string;
  readonly port: number;
  readonly databaseUrl: string | undefined;
} {
  const config = readConfig({
    DOTMAC_HOME: z.string().min(1).default('.dotmac'),
    DOTMAC_PORT: z.coerce.number('it must be a port, 1 to 65535').int().min(1).max(65_535).default(4000),
    DATABASE_URL: z
      .url({ protocol: /^postgres(ql)?$/, error: 'it must be postgres://user:password@host/database' })
      .optional(),
  });
  return { home: config.DOTMAC_HOME, port: config.DOTMAC_PORT, databaseUrl: config.DATABASE_URL };
}
