/** What is going on, on standard error: standard output belongs to results. */
export interface Progress {
  /** Begins a step; the one before is done. */
  step(name: string): void;
  warn(message: string): void;
  done(): void;
  /** The step that is under way did not succeed. */
  failed(): void;
}

export function createProgress(
  write: (text: string) => void = (text) => process.stderr.write(text),
): Progress {
  let current: { readonly name: string; readonly since: number } | null = null;
  const end = (mark: string) => {
    if (current === null) return;
    const seconds = ((performance.now() - current.since) / 1000).toFixed(1);
    write(`  ${mark} ${current.name} (${seconds} s)\n`);
    current = null;
  };
  const finish = () => end('✓');
  return {
    step(name) {
      finish();
      current = { name, since: performance.now() };
      write(`  … ${name}\n`);
    },
    warn: (message) => write(`  ! ${message}\n`),
    done: finish,
    failed: () => end('✗'),
  };
}
