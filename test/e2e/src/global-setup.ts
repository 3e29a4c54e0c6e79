import type { TestProject } from 'vitest/node';
import { startStack } from './stack.ts';

/** One installation for all journeys; those that break things start their own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await startStack();
  project.provide('home', stack.home);
  return stack.stop;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** State folder of the shared installation. */
    home: string;
  }
}
