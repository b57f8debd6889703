// Where the page is: the address is the state, and what a person looks at can be sent as a link.
import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react';

const MOVED = 'throughline:moved';

/** Goes to an address of this page. `replace` leaves no step in the history, for what changes with each key. */
export function go(to: string, { replace = false } = {}): void {
  if (to === here()) return;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  dispatchEvent(new Event(MOVED));
}

export function useAddress(): { path: string; parameters: URLSearchParams } {
  const url = new URL(useSyncExternalStore(listen, here), location.origin);
  return { path: url.pathname, parameters: url.searchParams };
}

/** A parameter of the address, and how to set it. Empty and null take it away. */
export function useParameter(name: string): [value: string, set: (value: string | null) => void] {
  const { parameters } = useAddress();
  return [parameters.get(name) ?? '', (value) => setParameters({ [name]: value })];
}

export function setParameters(values: Record<string, string | null>): void {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  go(url.pathname + url.search, { replace: true });
}

export function Link({ to, onClick, ...rest }: { to: string } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'>) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    // A new tab or a download is the browser's.
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return <a href={to} onClick={follow} {...rest} />;
}

export const customerAt = (id: string): string => `/customers/${encodeURIComponent(id)}`;

/** A query in the playground, with its variables. */
export function playgroundAt(query: string, variables: object): string {
  const operationName = /^\s*(?:query|mutation|subscription)\s+(\w+)/m.exec(query)?.[1] ?? '';
  const parameters = new URLSearchParams({ query: query.trim(), variables: JSON.stringify(variables, null, 2), operationName });
  return `/playground?${parameters}`;
}

function here(): string {
  return location.pathname + location.search;
}

function listen(listener: () => void): () => void {
  addEventListener('popstate', listener);
  addEventListener(MOVED, listener);
  return () => {
    removeEventListener('popstate', listener);
    removeEventListener(MOVED, listener);
  };
}
