// One customer: who it is, what it is worth, and three views below that the address names.
import { useEffect } from 'react';
import { useAnswer } from '../api/client';
import { CustomerOverviewDocument, type CustomerOverviewQuery } from '../api/generated';
import { Empty, Problem, QueryLink, Waiting } from '../app/parts';
import { customerAt, Link, setParameters, useParameter } from '../app/router';
import { ago, count, day, figure, json, moment, plain, plural } from '../app/words';
import { IdentityView } from './IdentityView';
import { Timeline } from './Timeline';

export type Overview = NonNullable<CustomerOverviewQuery['customer']>;

const VIEWS = [['', 'Timeline'], ['identity', 'Identity'], ['facts', 'Facts']] as const;

export function CustomerPage({ id }: { id: string }) {
  const variables = { id };
  const { data, trouble, again } = useAnswer(CustomerOverviewDocument, variables);
  const [view] = useParameter('view');
  const customer = data?.customer;
  const name = customer ? nameOf(customer) : '';
  useEffect(() => {
    if (name) document.title = `${name} – Throughline`;
  }, [name]);

  if (trouble && !customer) return <><h1>Customer</h1><Problem trouble={trouble} again={again} /></>;
  if (!data) return <><h1>Customer</h1><Waiting /></>;
  if (!customer) {
    return (
      <Empty>
        <h1>There is no such customer</h1>
        <p>It may have been erased, or the link may be of another store. Search for it with <kbd>/</kbd>.</p>
      </Empty>
    );
  }
  const channel = customer.activity.channels[0];
  return (
    <>
      {trouble && <Problem trouble={trouble} again={again} />}
      <div className="twin-head">
        <h1>{name}</h1>
        <QueryLink of={CustomerOverviewDocument} variables={variables} />
      </div>
      <p className="lead">
        Customer since {day(customer.createdAt)}
        {customer.activity.lastSeenAt && <>, last seen <time dateTime={customer.activity.lastSeenAt} title={moment(customer.activity.lastSeenAt)}>{ago(customer.activity.lastSeenAt)}</time></>}
        {channel && <>, most on {plain(channel.channel)} ({plural(channel.touchpoints, 'touchpoint')})</>}.
        {customer.formerIds.length > 0 && <> Merged from {plural(customer.formerIds.length + 1, 'customer')}.</>}
      </p>
      <div className="cards overview">
        <Worth customer={customer} />
        <Reach customer={customer} />
        <Products title="In the cart" list={customer.inCart} none="Nothing is in the cart." />
        <Products title="Wishes" list={customer.wished} none="Nothing is on a wish list." />
      </div>
      <nav className="views" aria-label="Views of the customer">
        {VIEWS.map(([key, title]) => (
          <Link key={key} to={customerAt(id) + (key && `?view=${key}`)} {...(view === key && { 'aria-current': 'page' as const })}>{title}</Link>
        ))}
      </nav>
      {view === 'identity' ? <IdentityView id={id} onChange={again} /> : view === 'facts' ? <Facts customer={customer} /> : <Timeline id={id} activity={customer.activity} />}
    </>
  );
}

export function nameOf({ displayName, identifiers }: Pick<Overview, 'displayName' | 'identifiers'>): string {
  const [first] = identifiers.nodes;
  return displayName ?? (first ? `${plain(first.kind)} ${first.value}` : 'Without a name');
}

function Worth({ customer }: { customer: Overview }) {
  return (
    <section aria-labelledby="worth">
      <h2 id="worth">Worth</h2>
      {customer.spend.length === 0 ? (
        <p>No order that counts. Cancelled orders are not counted.</p>
      ) : (
        <div className="scroll" tabIndex={0} role="group" aria-labelledby="worth"><table>
          <thead><tr><th scope="col">Currency</th><th scope="col" className="number">Gross</th><th scope="col" className="number">Returned</th><th scope="col" className="number">Net</th><th scope="col" className="number">Orders</th></tr></thead>
          <tbody>
            {customer.spend.map((spend) => (
              <tr key={spend.currency}>
                <th scope="row">{spend.currency}</th>
                <td className="number">{figure(spend.gross.amount)}</td>
                <td className="number">{figure(spend.returned.amount)} <small>({(spend.returnRate * 100).toFixed(0)} %)</small></td>
                <td className="number"><strong>{figure(spend.net.amount)}</strong></td>
                <td className="number">{count(spend.orderCount)}</td>
              </tr>
            ))}
          </tbody>
        </table></div>
      )}
    </section>
  );
}

const MARKS: Record<string, string> = { GRANTED: '✓', DENIED: '✕', REVOKED: '✕', EXPIRED: '–', UNKNOWN: '?' };

function Reach({ customer }: { customer: Overview }) {
  return (
    <section aria-labelledby="reach">
      <h2 id="reach">Consents</h2>
      {customer.consents.length === 0 ? (
        <p>None is known. Until one arrives, assume that nothing is allowed which needs one.</p>
      ) : (
        <ul className="consents">
          {customer.consents.map((consent) => (
            <li key={`${consent.purpose} ${consent.channel}`} className={consent.status === 'GRANTED' ? 'yes' : 'no'}>
              <span aria-hidden="true">{MARKS[consent.status]}</span> <strong>{plain(consent.purpose)}</strong>
              {consent.channel && ` by ${plain(consent.channel)}`}: {plain(consent.status)}{' '}
              <small>{day(consent.at)}, {consent.source}{consent.expiresAt && `, until ${day(consent.expiresAt)}`}</small>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Products({ title, list, none }: { title: string; list: Overview['inCart']; none: string }) {
  const heading = title.replaceAll(' ', '-').toLowerCase();
  return (
    <section aria-labelledby={heading}>
      <h2 id={heading}>{title}</h2>
      {list.nodes.length === 0 ? <p>{none}</p> : (
        <ul>
          {list.nodes.map(({ product, at, quantity }) => (
            <li key={product.id}>
              {quantity !== null && quantity > 1 && `${quantity} × `}{product.name ?? product.sku} <small>{product.category && `${product.category}, `}{day(at)}</small>
            </li>
          ))}
        </ul>
      )}
      {(list.totalCount ?? 0) > list.nodes.length && <p className="note">And {count((list.totalCount ?? 0) - list.nodes.length)} more: open the query in the playground.</p>}
    </section>
  );
}

function Facts({ customer }: { customer: Overview }) {
  return (
    <>
      <section aria-labelledby="identifiers">
        <h2 id="identifiers">Identifiers</h2>
        <div className="scroll" tabIndex={0} role="group" aria-labelledby="identifiers">
          <table>
            <thead><tr><th scope="col">Kind</th><th scope="col">Value</th><th scope="col">First seen</th><th scope="col">Last seen</th><th scope="col">Remark</th></tr></thead>
            <tbody>
              {customer.identifiers.nodes.map((identifier) => (
                <tr key={identifier.id}>
                  <td>{plain(identifier.kind)}</td><td><code>{identifier.value}</code></td><td>{moment(identifier.firstSeenAt)}</td><td>{moment(identifier.lastSeenAt)}</td>
                  <td>{[identifier.shared && 'shared by several people', identifier.masked && 'masked for you'].filter(Boolean).join(', ')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <p className="note">
          Why they belong together is in the view <button type="button" className="link" onClick={() => setParameters({ view: 'identity' })}>Identity</button>.
          {(customer.identifiers.totalCount ?? 0) > customer.identifiers.nodes.length && ` The first ${customer.identifiers.nodes.length} of ${count(customer.identifiers.totalCount ?? 0)} are shown.`}
        </p>
      </section>
      <section aria-labelledby="traits">
        <h2 id="traits">Traits</h2>
        {customer.traits.length === 0 ? <p>No event has sent a trait of this customer.</p> : (
          <div className="scroll" tabIndex={0} role="group" aria-labelledby="traits">
            <table>
              <thead><tr><th scope="col">Name</th><th scope="col">Value</th><th scope="col">How it is known</th><th scope="col">Source</th><th scope="col">Sent</th></tr></thead>
              <tbody>
                {customer.traits.map((trait) => (
                  <tr key={trait.name}><td>{trait.name}</td><td>{trait.masked ? <em>masked for you</em> : json(trait.value)}</td><td>{plain(trait.provenance)}</td><td>{trait.source}</td><td>{moment(trait.at)}</td></tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      <div className="cards">
        <Products title="Bought" list={customer.bought} none="Nothing was bought." />
        <Products title="Returned" list={customer.returned} none="Nothing was returned." />
      </div>
    </>
  );
}
