import DataLoader from 'dataloader';

/** One row per id, fetched together: the resolvers of a request that ask for single things cost one query. */
export function loaderOf<V>(
  load: (ids: readonly string[]) => Promise<readonly V[]>,
  idOf: (value: V) => string,
): DataLoader<string, V | null> {
  return new DataLoader(async (ids) => {
    const byId = new Map((await load(ids)).map((value) => [idOf(value), value]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}

/** All rows that belong to each id, in the order in which they were loaded. */
export function listLoaderOf<V>(
  load: (ids: readonly string[]) => Promise<readonly V[]>,
  ownerOf: (value: V) => string,
): DataLoader<string, readonly V[]> {
  return new DataLoader(async (ids) => {
    const byOwner = Map.groupBy(await load(ids), ownerOf);
    return ids.map((id) => byOwner.get(id) ?? []);
  });
}
