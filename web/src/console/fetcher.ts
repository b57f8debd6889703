// One GraphQL request by POST, and whether the server answers at all.
import type { Fetcher, FetcherOpts, FetcherParams } from '@graphiql/toolkit';
import { Kind, parse } from 'graphql';

const ENDPOINT = '/graphql';
const LIVE = '/health/live';

type GraphQLResponse = { data?: unknown; errors?: unknown };

/** GraphiQL's fetcher. It gives an observable, so that "Stop" and changing the tab abort the request. */
export const fetcher: Fetcher = (params, options) => ({
  subscribe(observer: unknown) {
    const { next, complete } = observer as { next(value: unknown): void; complete(): void };
    const abort = new AbortController();
    void post(params, options, abort.signal).then((response) => {
      if (abort.signal.aborted) return;
      next(response);
      complete();
    });
    return { unsubscribe: () => abort.abort() };
  },
});

/** Never rejects: what went wrong is said as a GraphQL error, where the answer would have been. */
async function post(params: FetcherParams, options: FetcherOpts | undefined, signal: AbortSignal): Promise<GraphQLResponse> {
  let response: Response;
  let text: string;
  try {
    const headers = new Headers(options?.headers);
    headers.set('Content-Type', 'application/json');
    headers.set('Accept', 'application/graphql-response+json, application/json');
    response = await fetch(ENDPOINT, {
      method: 'POST',
      headers,
      body: JSON.stringify({ ...params, operationName: operationName(params) }),
      signal,
    });
    text = await response.text();
  } catch (error) {
    if (signal.aborted) return {};
    // A header that is not one fails before anything is sent; that says nothing about the server.
    if (!(await answers())) return failed(report(`no response from ${location.origin}${ENDPOINT}`));
    return failed(`the request could not be sent: ${error instanceof Error ? error.message : String(error)}`);
  }
  const answer = graphQLResponse(text);
  if (answer) {
    report(null);
    return answer;
  }
  const type = response.headers.get('Content-Type') ?? 'no content type';
  return failed(report(`${ENDPOINT} answered ${response.status} with ${type}, which is not a GraphQL response`));
}

/** GraphiQL's own is that of the tab before, when a query is run right after its tab was opened. */
function operationName({ query, operationName: given }: FetcherParams): string | null {
  try {
    const names = parse(query, { noLocation: true }).definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? [definition.name?.value ?? null] : [],
    );
    return names.length === 1 ? (names[0] ?? null) : (given ?? null);
  } catch {
    return given ?? null; // the server says better what is wrong with the query
  }
}

function graphQLResponse(text: string): GraphQLResponse | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && ('data' in value || 'errors' in value) ? value : null;
  } catch {
    return null;
  }
}

function failed(message: string): GraphQLResponse {
  return { errors: [{ message }] };
}

/** Whether a server is there, asked without troubling its store. */
export async function answers(): Promise<boolean> {
  try {
    return (await fetch(LIVE, { cache: 'no-store' })).ok;
  } catch {
    return false;
  }
}

/** Why the server last gave no answer; null while it answers. A store in the shape of useSyncExternalStore. */
export const trouble = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  get: (): string | null => reason,
};

const listeners = new Set<() => void>();
let reason: string | null = null;

function report<T extends string | null>(next: T): T {
  if (reason !== next) {
    reason = next;
    for (const listener of listeners) listener();
  }
  return next;
}
