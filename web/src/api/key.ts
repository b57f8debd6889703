// The key of this tab. It is kept for the tab only (sessionStorage), and sent with every request.
const PLACE = 'throughline.key';

const watchers = new Set<() => void>();
let asked = false;

/** The key, or null. A browser may forbid the storage; then the key lives until the page is loaded again. */
let inMemory: string | null = null;

export function key(): string | null {
  try {
    return sessionStorage.getItem(PLACE) ?? inMemory;
  } catch {
    return inMemory;
  }
}

/** Sets the key, or forgets it, and asks again for what is shown. */
export function setKey(next: string | null): void {
  inMemory = next;
  try {
    if (next === null) sessionStorage.removeItem(PLACE);
    else sessionStorage.setItem(PLACE, next);
  } catch {
    // The key in memory is enough for this page.
  }
  setAsked(next === null);
}

/** Adds the key to the headers of a request. */
export function withKey(headers: Headers): Headers {
  const present = key();
  if (present !== null) headers.set('Authorization', `Bearer ${present}`);
  return headers;
}

/** Notes from an answer of the API that it asks for a key, or for another one. */
export function noteStatus(status: number): void {
  // After many requests without a key the answer is 429.
  if (status === 401 || (status === 429 && key() === null)) setAsked(true);
}

/** Whether the API asks for a key. */
export const keyIsAsked = {
  get: () => asked,
  subscribe(watcher: () => void): () => void {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  },
};

function setAsked(next: boolean): void {
  if (asked === next) return;
  asked = next;
  for (const watcher of watchers) watcher();
}
