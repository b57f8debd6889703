// GraphQL requests by POST, subscriptions as server-sent events, and whether the server answers at all.
import { noteStatus, withKey } from '../api/key';
import type { Fetcher, FetcherOpts, FetcherParams } from '@graphiql/toolkit';
import { Kind, type OperationDefinitionNode, OperationTypeNode, parse } from 'graphql';
import { serverEvents } from '../api/events';

const ENDPOINT = '/graphql';
const LIVE = '/health/live';

type GraphQLResponse = { data?: unknown; errors?: unknown };

/** GraphiQL's fetcher. It gives an observable, so that "Stop" and changing the tab abort the request. */
export const fetcher: Fetcher = (params, options) => ({
  subscribe(observer: unknown) {
    const { next, complete } = observer as { next(value: unknown): void; complete(): void };
    const abort = new AbortController();
    const answers = isSubscription(params) ? follow : post;
    const tell = (response: GraphQLResponse) => {
      if (!abort.signal.aborted) next(response);
    };
    void answers(params, options, abort.signal, tell).then(() => {
      if (!abort.signal.aborted) complete();
    });
    return { unsubscribe: () => abort.abort() };
  },
});

/** Never rejects: what went wrong is said as a GraphQL error, where the answer would have been. */
async function post(...[params, options, signal, tell]: Asking): Promise<void> {
  try {
    const response = await send(params, options, signal, 'application/graphql-response+json, application/json');
    tell(whole(response, await response.text()));
  } catch (error) {
    tell(await unsent(error, signal));
  }
}

/** The same for a subscription, which has an answer for each event. */
async function follow(...[params, options, signal, tell]: Asking): Promise<void> {
  try {
    const response = await send(params, options, signal, 'text/event-stream, application/json;q=0.5');
    const streams = response.headers.get('Content-Type')?.startsWith('text/event-stream');
    if (!streams || !response.body) return tell(whole(response, await response.text()));
    report(null);
    for await (const { name, data } of serverEvents(response.body)) {
      if (name === 'complete') return;
      const answer = name === 'next' ? graphQLResponse(data) : null;
      if (answer) tell(answer);
    }
    tell(failed('the server ended the stream: run it again, with the last `cursor` as `after` to go on from there'));
  } catch (error) {
    tell(await unsent(error, signal));
  }
}

type Asking = [
  params: FetcherParams,
  options: FetcherOpts | undefined,
  signal: AbortSignal,
  tell: (response: GraphQLResponse) => void,
];

function send(params: FetcherParams, options: FetcherOpts | undefined, signal: AbortSignal, accept: string): Promise<Response> {
  const headers = withKey(new Headers());
  // What is written in the editor of headers counts more.
  new Headers(options?.headers).forEach((value, name) => headers.set(name, value));
  headers.set('Content-Type', 'application/json');
  headers.set('Accept', accept);
  const body = JSON.stringify({ ...params, operationName: operationName(params) });
  return fetch(ENDPOINT, { method: 'POST', headers, body, signal }).then((response) => {
    noteStatus(response.status);
    return response;
  });
}

/** What a request that has one answer was answered. */
function whole(response: Response, text: string): GraphQLResponse {
  const answer = graphQLResponse(text);
  if (answer) {
    report(null);
    return answer;
  }
  const type = response.headers.get('Content-Type') ?? 'no content type';
  return failed(report(`${ENDPOINT} answered ${response.status} with ${type}, which is not a GraphQL response`));
}

async function unsent(error: unknown, signal: AbortSignal): Promise<GraphQLResponse> {
  if (signal.aborted) return {};
  // A header that is not one fails before anything is sent; that says nothing about the server.
  if (!(await answers())) return failed(report(`no response from ${location.origin}${ENDPOINT}`));
  return failed(`the request could not be sent: ${error instanceof Error ? error.message : String(error)}`);
}

/** GraphiQL's own is that of the tab before, when a query is run right after its tab was opened. */
function operationName({ query, operationName: given }: FetcherParams): string | null {
  const all = operations(query);
  if (all.length === 1) return all[0]?.name?.value ?? null;
  // The name in the address may be of a query in another tab.
  return all.some(({ name }) => name?.value === given) ? (given ?? null) : null;
}

function isSubscription(params: FetcherParams): boolean {
  const all = operations(params.query);
  const chosen = all.length === 1 ? all[0] : all.find(({ name }) => name?.value === operationName(params));
  return chosen?.operation === OperationTypeNode.SUBSCRIPTION;
}

/** None when the query cannot be read: the server says better what is wrong with it. */
function operations(query: string): OperationDefinitionNode[] {
  try {
    const { definitions } = parse(query, { noLocation: true });
    return definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  } catch {
    return [];
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
