import { z } from 'zod';

/** A setting is missing or wrong. The message names each variable, what it holds and what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly variables: readonly string[];
  constructor(variables: readonly string[], message: string) {
    super(message);
    this.variables = variables;
  }
}

/**
 * Reads settings from environment variables.
 *
 * @example
 * const config = readConfig({ DOTMAC_PORT: z.coerce.number().int().min(0).max(65535).default(4000) });
 * @throws ConfigError that lists every wrong variable at once.
 */
export function readConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): z.infer<z.ZodObject<Shape>> {
  const result = z.object(shape).safeParse(environment);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const name = issue.path.join('.');
    const value = environment[name];
    return `${name} ${value === undefined ? 'is not set' : `is "${value}"`}: ${issue.message}`;
  });
  throw new ConfigError(
    result.error.issues.map((issue) => issue.path.join('.')),
    `Wrong settings:\n  ${lines.join('\n  ')}`,
  );
}
