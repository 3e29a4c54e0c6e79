/** Tries again until it does not throw. What it waits for has no signal of its own; the bound is the test's time. */
export async function eventually<T>(attempt: () => T | Promise<T>, timeoutMilliseconds = 30_000): Promise<T> {
  const deadline = performance.now() + timeoutMilliseconds;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, 20);
      await promise;
    }
  }
}
