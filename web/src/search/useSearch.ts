// What a person types, looked for in every way at once: text, identifiers, order number, message id.
import { useEffect, useMemo, useState } from 'react';
import { useAnswer, type Trouble } from '../api/client';
import { IdentifierKindsDocument, SearchDocument, type FoundFragment, type SearchQueryVariables } from '../api/generated';
import { plain } from '../app/words';

/** A customer that was found, and by what. */
export type Hit = { customer: FoundFragment; why: string };

export type Search = {
  hits: Hit[];
  /** What was found that belongs to nobody. */
  notes: string[];
  more: boolean;
  variables: SearchQueryVariables;
  trouble: Trouble | null;
  loading: boolean;
  again: () => void;
};

const PAUSE_MS = 120;

export function useIdentifierKinds() {
  return useAnswer(IdentifierKindsDocument, {});
}

export function useSearch(typed: string): Search {
  const text = useSettled(typed.trim());
  const kinds = useIdentifierKinds();
  const names = kinds.data?.identityRules?.kinds.map(({ name }) => name);
  const variables = { text, identifiers: (names ?? []).slice(0, 100).map((kind) => ({ kind, value: text })), first: 12 };
  const answer = useAnswer(SearchDocument, text && kinds.data ? variables : null);

  const { hits, notes } = useMemo(() => {
    const hits = new Map<string, Hit>();
    const notes: string[] = [];
    const add = (customer: FoundFragment | null | undefined, why: string) => {
      if (customer && !hits.has(customer.id)) hits.set(customer.id, { customer, why });
    };
    for (const identifier of answer.data?.identifiersBy ?? []) {
      if (!identifier) continue;
      const name = `${plain(identifier.kind)} ${identifier.value}`;
      add(identifier.customer, name);
      for (const { customer, score } of identifier.candidates) add(customer, `perhaps: ${name} is shared, score ${score.toFixed(2)}`);
      if (!identifier.customer) notes.push(identifier.shared ? `${name} is shared by several people, so it belongs to nobody.` : `${name} is known, but it has no customer.`);
    }
    add(answer.data?.byOrder, 'order number');
    const { touchpoint } = answer.data ?? {};
    add(touchpoint?.customer, `message id of ${touchpoint?.name}`);
    if (touchpoint && !touchpoint.customer) notes.push(`The message id is of ${touchpoint.name}, which has no customer.`);
    for (const customer of answer.data?.customers.nodes ?? []) add(customer, '');
    return { hits: text ? [...hits.values()] : [], notes: text ? notes : [] };
  }, [answer.data, text]);

  return {
    hits,
    notes,
    more: Boolean(text && answer.data?.customers.pageInfo.hasNextPage),
    variables,
    trouble: kinds.trouble ?? answer.trouble,
    loading: typed.trim() !== text || (text !== '' && (kinds.loading || answer.loading)),
    again: () => { kinds.again(); answer.again(); },
  };
}

/** The value when it did not change for a moment, so that not every key is a request. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
