import { defineConfig } from 'vitest/config';

/**
 * Vite would take graphql's ES module, while Node and every CommonJS package take the other one; graphql refuses
 * schemas that were made by a second copy of itself.
 */
const resolve = { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] };

/** Two projects: `unit` is pure and fast; `integration` uses real sockets, databases and processes. */
export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.integration.test.ts', 'test/e2e/**'],
        },
      },
      {
        resolve,
        test: {
          name: 'integration',
          include: ['**/*.integration.test.ts', 'test/e2e/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
