// A customer's touchpoints, page after page, as many as are wanted. A request more than the pages that are shown is
// never made: who scrolls or asks for more wants more.
import { useCallback, useEffect, useState } from 'react';
import { ask, troubleOf, type Trouble } from '../api/client';
import { CustomerTouchpointsDocument, type CustomerTouchpointsQuery, type TouchpointFilter } from '../api/generated';

export type Touchpoint = NonNullable<CustomerTouchpointsQuery['customer']>['touchpoints']['nodes'][number];

const PAGE = 100;
/** What is read without being asked for more. */
const FIRST = 1000;
const MORE = 2000;

type State = { key: string; list: Touchpoint[]; total: number | null; after: string | null; done: boolean; trouble: Trouble | null };

export function useTouchpoints(id: string, filter: TouchpointFilter) {
  const key = JSON.stringify({ id, filter });
  const empty: State = { key, list: [], total: null, after: null, done: false, trouble: null };
  const [held, setHeld] = useState(empty);
  const [wanted, setWanted] = useState({ key, upTo: FIRST });
  const [turn, setTurn] = useState(0);
  const state = held.key === key ? held : empty;
  const upTo = wanted.key === key ? wanted.upTo : FIRST;

  useEffect(() => {
    if (state.done || state.trouble || state.list.length >= upTo) return;
    const abort = new AbortController();
    const variables = { id, filter: JSON.parse(key).filter as TouchpointFilter, after: state.after, first: PAGE };
    ask(CustomerTouchpointsDocument, variables, abort.signal).then(
      ({ customer }) => {
        const page = customer?.touchpoints;
        setHeld({
          key,
          list: [...state.list, ...(page?.nodes ?? [])],
          total: page?.totalCount ?? state.total,
          after: page?.pageInfo.endCursor ?? null,
          done: !page?.pageInfo.hasNextPage,
          trouble: null,
        });
      },
      (error: unknown) => { if (!abort.signal.aborted) setHeld({ ...state, trouble: troubleOf(error) }); },
    );
    return () => abort.abort();
    // The rest of `state` follows from `key` and the length.
  }, [key, state.list.length, state.trouble, state.done, upTo, turn]);

  const again = useCallback(() => { setHeld((before) => ({ ...before, trouble: null })); setTurn((before) => before + 1); }, []);
  return {
    list: state.list,
    total: state.total,
    trouble: state.trouble,
    loading: !state.done && !state.trouble && state.list.length < upTo,
    more: state.done ? null : () => setWanted({ key, upTo: state.list.length + MORE }),
    again,
  };
}
