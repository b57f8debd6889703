// Typed requests to the API: one answer, or a stream of them. What goes wrong is a Trouble, in words for a person.
import { useCallback, useEffect, useRef, useState } from 'react';
import { serverEvents } from './events';
import { noteStatus, withKey } from './key';
import type { TypedDocumentString } from './generated';

const ENDPOINT = '/graphql';
const PICTURES = '/pictures';
const RETRY_MS = 4000;

export class Trouble extends Error {
  /** What a person can do about it. */
  readonly advice: string;
  /** Whether the same request may well succeed later. */
  readonly passing: boolean;
  /** Whether asking again makes sense: a wrong id stays wrong. */
  readonly repeatable: boolean;
  /** The path of the argument that is wrong, such as `members.all.0.trait.name`, when the API names it. */
  readonly argument: string | null;
  constructor(message: string, advice: string, passing = false, repeatable = true, argument: string | null = null) {
    super(message);
    this.advice = advice;
    this.passing = passing;
    this.repeatable = repeatable;
    this.argument = argument;
  }
}

type GraphQLError = { message: string; extensions?: { code?: string; hint?: string; argument?: string } };
type Body = { data?: unknown; errors?: GraphQLError[] };

/** Codes of `docs/errors.md` that go away by themselves. */
const PASSING = new Set(['NOT_READY', 'STORE_AWAY', 'STORE_BUSY', 'RATE_LIMITED']);

const ADVICE: Record<string, string> = {
  BAD_ID: 'The link may be incomplete, or of another store. Search for the customer with the key “/”.',
  TOO_EXPENSIVE: 'Narrow the question down, for example by time.',
  FORBIDDEN: 'Open the console by the address that the server listens on, and use a key whose role may see this.',
  UNAUTHENTICATED: 'Load the page again and give a key that is valid.',
};

export async function ask<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Result> {
  const response = await send(document, variables, 'application/graphql-response+json, application/json', signal);
  return read(await response.text(), response) as Result;
}

/** The answers of a subscription until `signal` ends it. Ends with a Trouble when the server ends it. */
export async function* follow<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables,
  signal: AbortSignal,
  opened: () => void,
): AsyncGenerator<Result> {
  const response = await send(document, variables, 'text/event-stream, application/json;q=0.5', signal);
  const streams = response.headers.get('Content-Type')?.startsWith('text/event-stream');
  if (!streams || !response.body) {
    read(await response.text(), response);
    return;
  }
  opened();
  for await (const { name, data } of serverEvents(response.body)) {
    if (name === 'complete') break;
    if (name === 'next') yield read(data, response) as Result;
  }
  throw new Trouble('the server ended the stream', 'It is opened again, from the last change on.', true);
}

/** A picture of journeys: the SVG that the command line draws too. */
export async function askPicture(picture: string, variables: object, signal?: AbortSignal): Promise<string> {
  const response = await post(PICTURES, { picture, variables }, 'image/svg+xml, application/json;q=0.9', signal);
  const text = await response.text();
  if (response.ok && response.headers.get('Content-Type')?.startsWith('image/svg+xml')) return text;
  read(text, response, PICTURES);
  throw new Trouble(`${PICTURES} answered ${response.status} without a picture`, 'Load the page again.', response.status >= 500);
}

function send<Result, Variables>(document: TypedDocumentString<Result, Variables>, variables: Variables, accept: string, signal?: AbortSignal): Promise<Response> {
  return post(ENDPOINT, { query: document.toString(), variables }, accept, signal);
}

async function post(endpoint: string, parameters: object, accept: string, signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify(parameters);
  const headers = withKey(new Headers({ 'Content-Type': 'application/json', Accept: accept }));
  try {
    const response = await fetch(endpoint, { method: 'POST', headers, body, ...(signal && { signal }) });
    noteStatus(response.status);
    return response;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Trouble(
      `no response from ${location.origin}`,
      'Is `throughline serve` running? The console goes on trying.',
      true,
    );
  }
}

function read(text: string, response: Response, endpoint = ENDPOINT): unknown {
  const body = parsed(text);
  if (!body) {
    const type = response.headers.get('Content-Type') ?? 'no content type';
    const advice = 'Something between this page and Throughline answered in its place, such as a proxy. Try again, or look at its log.';
    throw new Trouble(`${endpoint} answered ${response.status} with ${type}, which is not GraphQL`, advice, response.status >= 500);
  }
  const [error] = body.errors ?? [];
  // A field that failed alone leaves the rest of the answer whole, but then a figure would be missing without a word.
  if (error) {
    const code = error.extensions?.code ?? '';
    const advice = error.extensions?.hint ?? ADVICE[code] ?? (PASSING.has(code) ? 'The console goes on trying.' : 'Open the query in the playground to see the whole answer.');
    // The check of the types names the argument in its text alone.
    const argument = error.extensions?.argument ?? /^Invalid value for argument "([^"]+)"/.exec(error.message)?.[1] ?? null;
    throw new Trouble(error.message, advice, PASSING.has(code), !code.startsWith('BAD_') && code !== 'FORBIDDEN', argument);
  }
  return body.data;
}

function parsed(text: string): Body | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && ('data' in value || 'errors' in value) ? value as Body : null;
  } catch {
    return null;
  }
}

export function troubleOf(error: unknown): Trouble {
  if (error instanceof Trouble) return error;
  return new Trouble(error instanceof Error ? error.message : String(error), 'Load the page again. If it stays, it is a fault of the console.');
}

export type Answer<Result> = {
  /** The last answer; while another one is under way, the one before. */
  data: Result | null;
  trouble: Trouble | null;
  loading: boolean;
  again: () => void;
};

/** Asks when the variables change. With null nothing is asked. */
export function useAnswer<Result, Variables>(
  document: TypedDocumentString<Result, Variables>,
  variables: Variables | null,
): Answer<Result> {
  return useAsked(document.toString(), variables, (given, signal) => ask(document, given, signal));
}

/** The picture of this name, which is drawn again when the variables change. With null nothing is asked. */
export function usePicture(picture: string, variables: object | null): Answer<string> {
  return useAsked(picture, variables, (given, signal) => askPicture(picture, given, signal));
}

function useAsked<Result, Variables>(what: string, variables: Variables | null, asking: (variables: Variables, signal: AbortSignal) => Promise<Result>): Answer<Result> {
  const key = variables === null ? null : `${what} ${JSON.stringify(variables)}`;
  const [state, setState] = useState<{ key: string | null; data: Result | null; trouble: Trouble | null }>({ key: null, data: null, trouble: null });
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  const latest = useRef({ variables, asking });
  latest.current = { variables, asking };

  useEffect(() => {
    const { variables: given, asking: fetched } = latest.current;
    if (key === null || given === null) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    fetched(given, abort.signal).then(
      (data) => setState({ key, data, trouble: null }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const trouble = troubleOf(error);
        setState((before) => ({ key, data: before.data, trouble }));
        if (trouble.passing) timer = setTimeout(again, RETRY_MS);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, turn, again]);

  if (key === null) return { data: null, trouble: null, loading: false, again };
  return { data: state.data, trouble: state.key === key ? state.trouble : null, loading: state.key !== key, again };
}
