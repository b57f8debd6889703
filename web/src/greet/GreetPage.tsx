// At the till: a card, a phone number or an address is typed or scanned, and one card is shown that is read at a glance.
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useAnswer } from '../api/client';
import { GreetDocument, type GuestFragment } from '../api/generated';
import { Empty, Problem, QueryLink, Waiting } from '../app/parts';
import { customerAt, Link, useParameter } from '../app/router';
import { ago, day, money, plain, plural } from '../app/words';
import { useIdentifierKinds } from '../search/useSearch';

export function GreetPage() {
  const [code, setCode] = useParameter('code');
  const [typed, setTyped] = useState(code);
  const field = useRef<HTMLInputElement>(null);
  const kinds = useIdentifierKinds();
  const identifiers = (kinds.data?.identityRules?.kinds ?? []).slice(0, 100).map(({ name }) => ({ kind: name, value: code }));
  const variables = { identifiers, number: code };
  const { data, trouble, loading, again } = useAnswer(GreetDocument, code && kinds.data ? variables : null);
  useEffect(() => field.current?.focus(), []);

  // A scanner types and ends with Enter; then the field is ready for the next card.
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setCode(typed.trim());
    field.current?.select();
  };
  const found = data?.identifiersBy.filter((identifier) => identifier !== null) ?? [];
  const guest = found.find(({ customer }) => customer)?.customer ?? data?.byOrder ?? null;
  const shared = found.find((identifier) => !identifier.customer && identifier.shared);
  return (
    <>
      <div className="twin-head"><h1>At the till</h1>{code && <QueryLink of={GreetDocument} variables={variables} />}</div>
      <form className="till" onSubmit={submit}>
        <label htmlFor="code">Card, phone, e-mail or order number</label>
        <input ref={field} id="code" type="text" autoComplete="off" spellCheck={false} value={typed} onChange={(event) => setTyped(event.target.value)} />
        <button type="submit">Show</button>
      </form>
      {(kinds.trouble ?? trouble) && <Problem trouble={(kinds.trouble ?? trouble)!} again={() => { kinds.again(); again(); }} />}
      {code && (loading || kinds.loading) && <Waiting>Looking …</Waiting>}
      <div aria-live="polite">
        {!code && <Empty><p>Scan a card, or type what the guest tells you, and press <kbd>Enter</kbd>. A phone number works in any spelling.</p></Empty>}
        {code && !loading && data && (guest ? <Guest guest={guest} /> : shared ? <Shared candidates={shared.candidates} /> : (
          <Empty>
            <h2>Nobody is known by “{code}”</h2>
            <p>Look at the number once more. If it is right, this is a new guest: greet as you greet everybody.</p>
          </Empty>
        ))}
      </div>
    </>
  );
}

function Guest({ guest }: { guest: GuestFragment }) {
  const [last] = guest.orders.nodes;
  const allowed = guest.consents.filter(({ status }) => status === 'GRANTED');
  const refused = guest.consents.filter(({ status }) => status !== 'GRANTED');
  const liked = [...guest.wished.nodes, ...guest.inCart.nodes].map(({ product }) => product.name ?? product.sku);
  return (
    <article className="guest" aria-labelledby="guest">
      <h2 id="guest">{guest.displayName ?? 'A guest without a name'}</h2>
      <p className="lead">
        With us since {day(guest.createdAt)}{guest.activity.lastSeenAt && `, seen ${ago(guest.activity.lastSeenAt)}`}.{' '}
        {guest.activity.orderCount > 0 ? `${plural(guest.activity.orderCount, 'order')}, net ${guest.spend.map(({ net }) => money(net)).join(' and ')}.` : 'No order yet.'}
      </p>
      <div className="say">
        <section aria-labelledby="say" className="yes">
          <h3 id="say"><span aria-hidden="true">✓</span> You may say</h3>
          <ul>
            {last && <li>“How is the {last.lines[0] ? (last.lines[0].product.name ?? last.lines[0].product.sku) : `order ${last.number}`}?” <small>ordered {ago(last.placedAt)}{last.status !== 'PLACED' && `, ${plain(last.status)}`}</small></li>}
            {!last && <li>“Welcome. May I show you around?”</li>}
            {allowed.map(({ purpose, channel }) => <li key={`${purpose} ${channel}`}>They agreed to {plain(purpose)}{channel && ` by ${plain(channel)}`}.</li>)}
          </ul>
        </section>
        <section aria-labelledby="not" className="no">
          <h3 id="not"><span aria-hidden="true">✕</span> Better not</h3>
          <ul>
            {refused.map(({ purpose, channel, status }) => <li key={`${purpose} ${channel}`}>Offer nothing for {plain(purpose)}{channel && ` by ${plain(channel)}`}: {plain(status)}.</li>)}
            {guest.consents.length === 0 && <li>No consent is known: offer no newsletter without asking first.</li>}
            <li>What they looked at on the website is not for the counter.</li>
          </ul>
        </section>
      </div>
      {liked.length > 0 && <details><summary>Cart and wishes, for when they ask</summary><p>{[...new Set(liked)].join(', ')}</p></details>}
      <p><Link to={customerAt(guest.id)}>Everything about this customer</Link></p>
    </article>
  );
}

function Shared({ candidates }: { candidates: { score: number; reasons: string[]; customer: GuestFragment }[] }) {
  return (
    <article className="guest" aria-labelledby="guest">
      <h2 id="guest">Several people use this</h2>
      <p className="lead">Ask for the name, and greet only then.</p>
      <ul className="hits">
        {candidates.map(({ customer, score, reasons }) => (
          <li key={customer.id}><Link to={customerAt(customer.id)}><strong>{customer.displayName ?? 'Without a name'}</strong> <span className="why">{reasons.join(', ')}</span> <span className="aside">score {score.toFixed(2)}</span></Link></li>
        ))}
      </ul>
    </article>
  );
}
