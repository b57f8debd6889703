// The customers behind a figure, page by page.
import { useEffect, useRef, useState } from 'react';
import type { Answer } from '../api/client';
import { useAnswer } from '../api/client';
import { FunnelStepIdsDocument, PatternPeopleDocument, StepDroppedDocument, StepReachedDocument, type FunnelStepIdsQueryVariables, type JourneyScope, type PeopleFragment } from '../api/generated';
import { Problem, Waiting } from '../app/parts';
import { customerAt, Link } from '../app/router';
import { plural } from '../app/words';

export type Asked = { group: string | null; number: number; label: string; dropped: boolean };

export function FunnelPeople({ variables, asked, close }: { variables: FunnelStepIdsQueryVariables; asked: Asked; close: () => void }) {
  const ids = useAnswer(FunnelStepIdsDocument, variables);
  const funnel = ids.data?.journeys?.funnel;
  const steps = asked.group === null ? funnel?.steps : funnel?.groups.find(({ value }) => value === asked.group)?.steps;
  const step = steps?.find(({ number }) => number === asked.number)?.id;
  const [after, setAfter] = useState<string | null>(null);
  const reached = useAnswer(StepReachedDocument, step && !asked.dropped ? { step, after } : null);
  const dropped = useAnswer(StepDroppedDocument, step && asked.dropped ? { step, after } : null);
  const node = asked.dropped ? dropped.data?.node : reached.data?.node;
  const people = node && ('customersDropped' in node ? node.customersDropped : 'customersReached' in node ? node.customersReached : null);
  const title = `${asked.dropped ? 'Dropped out before' : 'Reached'} step ${asked.number}, ${asked.label}${asked.group === null ? '' : `, of ${asked.group}`}`;
  return <People title={title} people={people ?? null} answer={ids.trouble ? ids : asked.dropped ? dropped : reached} setAfter={setAfter} close={close} />;
}

export function PatternPeople({ scope, pattern }: { scope: JourneyScope; pattern: string }) {
  const [after, setAfter] = useState<string | null>(null);
  useEffect(() => setAfter(null), [pattern, scope]);
  const answer = useAnswer(PatternPeopleDocument, { scope, pattern, after });
  return <People title="Customers with such a journey" people={answer.data?.journeys?.match?.customers ?? null} answer={answer} setAfter={setAfter} />;
}

type ListProps = { title: string; people: PeopleFragment | null; answer: Answer<unknown>; setAfter: (cursor: string | null) => void; close?: () => void };

function People({ title, people, answer, setAfter, close }: ListProps) {
  const head = useRef<HTMLHeadingElement>(null);
  // Where a figure opened the list, the keyboard goes on from its title.
  useEffect(() => { if (close) head.current?.focus(); }, [title, Boolean(close)]);
  return (
    <section className="panel people" aria-labelledby="people">
      <div className="twin-head">
        <h2 id="people" ref={head} tabIndex={-1}>{title}</h2>
        {close && <button type="button" className="quiet" onClick={close}>Close</button>}
      </div>
      {answer.trouble ? <Problem trouble={answer.trouble} again={answer.again} /> : !people ? <Waiting /> : (
        <>
          <p className="note" role="status">{people.totalCount === null ? '' : plural(people.totalCount, 'customer')}</p>
          <ul>{people.nodes.map(({ id, displayName }) => <li key={id}><Link to={customerAt(id)}>{displayName ?? 'Without a name'}</Link></li>)}</ul>
          <button type="button" className="quiet" onClick={() => setAfter(null)}>First page</button>{' '}
          {people.pageInfo.hasNextPage && <button type="button" className="quiet" onClick={() => setAfter(people.pageInfo.endCursor)}>Next page</button>}
        </>
      )}
    </section>
  );
}
