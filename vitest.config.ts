import { defineConfig } from 'vitest/config';

/**
 * Vite would take graphql's ES module, while Node and every CommonJS package take the other one; graphql refuses
 * schemas that were made by a second copy of itself.
 */
const resolve = { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] };

/** A second, the default, is less than a busy machine may need for what is awaited. */
const patient = { poll: { timeout: 20_000 } };

/** `unit` is pure and fast; `integration` uses real sockets and databases; `e2e` a whole installation. */
export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.integration.test.ts', 'test/e2e/**'],
          // Pure, but not all of it short, and a machine may be busy.
          testTimeout: 120_000,
          expect: patient,
        },
      },
      {
        resolve,
        test: {
          name: 'integration',
          include: ['**/*.integration.test.ts'],
          exclude: ['**/node_modules/**', 'test/e2e/**'],
          testTimeout: 120_000,
          hookTimeout: 240_000,
          expect: patient,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/src/global-setup.ts'],
          // One installation for all: who pulls a plug must not disturb who watches. And not beside the others.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 300_000,
          expect: patient,
        },
      },
    ],
  },
});
