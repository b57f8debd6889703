// The first page: search, and who was seen last.
import { useEffect } from 'react';
import { useAnswer } from '../api/client';
import { RecentCustomersDocument } from '../api/generated';
import { Empty, Problem, QueryLink, Waiting } from '../app/parts';
import { Link, useParameter } from '../app/router';
import { count, plural } from '../app/words';
import { HitLink, SearchBox } from './SearchBox';
import { useIdentifierKinds } from './useSearch';

export function SearchPage() {
  const [q] = useParameter('q');
  const about = useIdentifierKinds();
  useEffect(() => document.getElementById('search')?.focus(), []);
  return (
    <>
      <h1>Who are you looking for?</h1>
      <SearchBox />
      {!q.trim() && <Recent />}
      {about.data && (
        <p className="foot">
          {plural(about.data.status.customers, 'customer')} and {count(about.data.status.touchpoints)} touchpoints in {about.data.status.store === 'neo4j' ? 'Neo4j' : 'SQLite'}.
        </p>
      )}
    </>
  );
}

function Recent() {
  const variables = { first: 12 };
  const recent = useAnswer(RecentCustomersDocument, variables);
  if (recent.trouble) return <Problem trouble={recent.trouble} again={recent.again} />;
  if (!recent.data) return <Waiting />;
  const found = recent.data.customers.nodes;
  if (found.length === 0) {
    return (
      <Empty>
        <h2>The store is empty</h2>
        <p>Customers appear with their first event. Take in a file of events, or look at the six sample worlds:</p>
        <pre>throughline import events.ndjson{'\n'}throughline demo</pre>
        <p>An event can also be sent from the <Link to="/playground">playground</Link> with the mutation <code>eventsIngest</code>.</p>
      </Empty>
    );
  }
  return (
    <section aria-labelledby="recent">
      <div className="twin-head"><h2 id="recent">Seen last</h2> <QueryLink of={RecentCustomersDocument} variables={variables} /></div>
      <ul className="hits">
        {found.map((customer) => <li key={customer.id}><HitLink hit={{ customer, why: '' }} /></li>)}
      </ul>
    </section>
  );
}
