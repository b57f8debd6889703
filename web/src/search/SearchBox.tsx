// The search field with its list: a combo box. In the head it is small and its list lies over the page.
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { SearchDocument } from '../api/generated';
import { Problem, QueryLink } from '../app/parts';
import { customerAt, go, Link, useAddress, useParameter } from '../app/router';
import { ago, plain, plural } from '../app/words';
import { useSearch, type Hit } from './useSearch';

export function SearchBox({ inHead = false }: { inHead?: boolean }) {
  const [q, setQ] = useParameter('q');
  const [own, setOwn] = useState('');
  // On the search page the address holds the text; in the head it belongs to the field, for the address is another page's.
  const [typed, setTyped] = inHead ? [own, setOwn] : [q, setQ];
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(0);
  const search = useSearch(typed);
  const list = useId();
  const box = useRef<HTMLDivElement>(null);
  const { path } = useAddress();
  const { hits } = search;
  const shown = typed.trim() !== '' && (!inHead || open);
  const active = shown && hits.length > 0 ? Math.min(chosen, hits.length - 1) : -1;

  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    if (active >= 0) document.getElementById(`${list}-${active}`)?.scrollIntoView({ block: 'nearest' });
  }, [active, list]);

  const take = (hit: Hit | undefined) => {
    if (!hit) return;
    setOpen(false);
    go(customerAt(hit.customer.id));
  };
  // Who types fast, or scans, presses Enter before the answer is there.
  const hurried = useRef('');
  useEffect(() => {
    if (search.loading || hurried.current === '') return;
    if (hurried.current === typed) take(hits[0]);
    hurried.current = '';
  });
  const onKeyDown = (event: KeyboardEvent) => {
    // Who presses it out of habit is here already.
    if (event.key === '/' && typed === '') event.preventDefault();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && hits.length > 0) {
      event.preventDefault();
      setOpen(true);
      setChosen((active + step + hits.length) % hits.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (search.loading) hurried.current = typed;
      else take(hits[active]);
    } else if (event.key === 'Escape') {
      if (inHead && open) setOpen(false);
      else setTyped('');
    }
  };

  return (
    <div
      ref={box}
      role="search"
      className={inHead ? 'search in-head' : 'search'}
      onBlur={(event) => { if (!box.current?.contains(event.relatedTarget)) setOpen(false); }}
    >
      <label htmlFor="search">{inHead ? <span className="hidden">Search customers</span> : 'Search customers'}</label>
      <input
        id="search"
        type="text"
        role="combobox"
        aria-expanded={shown && hits.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        {...(active >= 0 && { 'aria-activedescendant': `${list}-${active}` })}
        autoComplete="off"
        spellCheck={false}
        placeholder={inHead ? 'Search  ( / )' : 'Name, e-mail, phone, card, order number, message id'}
        value={typed}
        onFocus={() => setOpen(true)}
        onChange={(event) => { setTyped(event.target.value); setChosen(0); setOpen(true); }}
        onKeyDown={onKeyDown}
      />
      <p className="hidden" role="status">{shown && !search.loading ? plural(hits.length, 'customer') + ' found' : ''}</p>
      <div className={shown ? 'results' : 'results none'}>
        {shown && search.trouble && <Problem trouble={search.trouble} again={search.again} />}
        <ul role="listbox" id={list} aria-label="Customers found">
          {shown && hits.map((hit, index) => (
            <li key={hit.customer.id} role="option" id={`${list}-${index}`} aria-selected={index === active} onMouseDown={(event) => { event.preventDefault(); take(hit); }}>
              <HitLine hit={hit} />
            </li>
          ))}
        </ul>
        {shown && search.notes.map((note) => <p key={note} className="note">{note}</p>)}
        {shown && !search.loading && !search.trouble && hits.length === 0 && (
          <p className="note">
            Nobody is found by “{typed.trim()}”. A name, an e-mail address, a phone number in any spelling, a card number, an order number
            and a message id all work; a few letters of a word are enough.
          </p>
        )}
        {shown && search.more && <p className="note">There are more. Type more letters to narrow them down.</p>}
        {shown && <p className="foot"><kbd>↑</kbd> <kbd>↓</kbd> choose, <kbd>Enter</kbd> open <QueryLink of={SearchDocument} variables={search.variables} /></p>}
      </div>
    </div>
  );
}

export function HitLine({ hit: { customer, why } }: { hit: Hit }) {
  const ids = customer.identifiers.nodes.map(({ kind, value }) => `${plain(kind)} ${value}`);
  return (
    <>
      <strong>{customer.displayName ?? ids[0] ?? 'Without a name'}</strong>
      <span className="why">{why || ids.join(' · ')}</span>
      <span className="aside">
        {plural(customer.activity.touchpointCount, 'touchpoint')}
        {customer.activity.lastSeenAt && `, seen ${ago(customer.activity.lastSeenAt)}`}
      </span>
    </>
  );
}

export function HitLink({ hit }: { hit: Hit }) {
  return <Link to={customerAt(hit.customer.id)}><HitLine hit={hit} /></Link>;
}
