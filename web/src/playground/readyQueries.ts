// The ready queries of ../seeds/queries, read at build time so that they are written once only.

export type ReadyQuery = {
  /** The file's name without its ending; its leading number gives the order. */
  name: string;
  /** The file's first comment line: "the world: what is asked". */
  title: string;
  query: string;
};

export type World = { name: string; queries: { asks: string; ready: ReadyQuery }[] };

/** More tabs than this can't be read side by side; the panel has them all. */
const MAX_TABS = 8;

const files = import.meta.glob<string>('../../../seeds/queries/*.graphql', { query: '?raw', import: 'default', eager: true });

/** In order of file name; empty when the folder was not there at build time. */
export const readyQueries: readonly ReadyQuery[] = Object.entries(files)
  .map(([path, text]) => {
    const name = path.replace(/^.*\//, '').replace(/\.graphql$/, '');
    const query = text.trim() + '\n';
    return { name, title: /^#\s*(.+)/.exec(query)?.[1]?.trim() || name, query };
  })
  .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));

/** The same in the order of their worlds, which is what stands before the first colon of a title. */
export const worlds: readonly World[] = readyQueries.reduce<World[]>((list, ready) => {
  const [, name = '', asks = ready.title] = /^([^:]+):\s+(.+)$/.exec(ready.title) ?? [];
  const last = list.at(-1);
  if (last?.name === name) last.queries.push({ asks, ready });
  else list.push({ name, queries: [{ asks, ready }] });
  return list;
}, []);

/** The tabs of a first visit: all when they fit, else the first few. */
export const firstTabs = readyQueries.slice(0, readyQueries.length <= MAX_TABS ? MAX_TABS : 4);
