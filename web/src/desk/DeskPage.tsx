// The steward's desk: how healthy the identities are, and the rules that make them.
import { useAnswer, type Answer } from '../api/client';
import { IdentityHealthDocument, PresentRulesDocument, type IdentityHealthQuery, type RulesFragment } from '../api/generated';
import { Empty, Problem, QueryLink, Waiting } from '../app/parts';
import { customerAt, Link, useParameter } from '../app/router';
import { count, exact, plain, plural } from '../app/words';
import { RulesEditor } from './RulesEditor';

export function DeskPage() {
  const [edit, setEdit] = useParameter('edit');
  const rules = useAnswer(PresentRulesDocument, {});
  const health = useAnswer(IdentityHealthDocument, {});
  const present = rules.data?.identityRules;
  return (
    <>
      <h1>Steward’s desk</h1>
      <p className="lead">Who is who: how well identifiers are joined into customers, and by which rules.</p>
      <Health {...health} />
      <section aria-labelledby="rules">
        <div className="twin-head">
          <h2 id="rules">Identity rules</h2>
          {present && edit === '' && <button type="button" onClick={() => setEdit('1')}>Change the rules</button>}
          <QueryLink of={PresentRulesDocument} variables={{}} />
        </div>
        {rules.trouble && <Problem trouble={rules.trouble} again={rules.again} />}
        {!rules.data && !rules.trouble && <Waiting />}
        {present && (
          <>
            <p className="note">Version {present.version}, saved {exact(present.savedAt)} by {present.savedBy}{present.note ? `: ${present.note}` : ''}.</p>
            {edit === ''
              ? <RulesTable rules={present} />
              : <RulesEditor key={present.version} rules={present} again={() => { rules.again(); health.again(); }} close={() => setEdit(null)} />}
          </>
        )}
      </section>
    </>
  );
}

function Health({ data, trouble, again }: Answer<IdentityHealthQuery>) {
  const health = data?.identityHealth;
  return (
    <section aria-labelledby="health">
      <div className="twin-head">
        <h2 id="health">Identity health</h2>
        <button type="button" className="quiet" onClick={again}>Read again</button>
        <QueryLink of={IdentityHealthDocument} variables={{}} />
      </div>
      {trouble && <Problem trouble={trouble} again={again} />}
      {!data && !trouble && <Waiting />}
      {health && health.customers === 0 && <Empty><h2>No customer is stored yet</h2><p>Figures come with the first events: send them to <code>/v1/track</code>, or read a file with <code>throughline import</code>.</p></Empty>}
      {health && health.customers > 0 && (
        <>
          <dl className="figures-row">
            {figuresOf(health).map(([name, value, about]) => <div key={name}><dt>{name}</dt><dd><strong>{count(value)}</strong> <small>{about}</small></dd></div>)}
          </dl>
          <div className="cards wide">
            <section aria-labelledby="largest">
              <h3 id="largest">Largest customers</h3>
              <p className="note">One with many identifiers may be several people, joined by something that they share.</p>
              <table>
                <thead><tr><th scope="col">Customer</th><th scope="col" className="number">Identifiers</th><th scope="col">Look</th></tr></thead>
                <tbody>
                  {health.largest.map(({ id, displayName, identifiers }) => (
                    <tr key={id}>
                      <td><Link to={customerAt(id)}>{displayName ?? 'Without a name'}</Link></td>
                      <td className="number">{identifiers.totalCount === null ? '–' : count(identifiers.totalCount)}</td>
                      <td><Link to={`${customerAt(id)}?view=identity`} aria-label={`Identity graph of ${displayName ?? 'a customer without a name'}`}>Identity graph</Link></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
            <section aria-labelledby="spread">
              <h3 id="spread">Identifiers per customer</h3>
              <table>
                <thead><tr><th scope="col">Identifiers</th><th scope="col" className="number">Customers</th><th scope="col">Share</th></tr></thead>
                <tbody>
                  {health.identifiersPerCustomer.map(({ from, to, count: customers }) => (
                    <tr key={from}>
                      <td>{from === to ? from : `${count(from)} to ${count(to)}`}</td><td className="number">{count(customers)}</td>
                      <td><meter min={0} max={health.customers} value={customers} aria-label={`Customers with ${from === to ? from : `${from} to ${to}`} identifiers`} /> {Math.round(100 * customers / health.customers)} %</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
            <section aria-labelledby="refused">
              <h3 id="refused">Refused links</h3>
              {health.refused.length === 0 ? <p className="note">No event was refused by a rule.</p> : (
                <table>
                  <thead><tr><th scope="col">By the rule of</th><th scope="col" className="number">Times</th></tr></thead>
                  <tbody>{health.refused.map(({ rule, count: times }) => <tr key={rule}><td>{plain(rule)}</td><td className="number">{count(times)}</td></tr>)}</tbody>
                </table>
              )}
            </section>
          </div>
        </>
      )}
    </section>
  );
}

function figuresOf(health: NonNullable<IdentityHealthQuery['identityHealth']>): [name: string, value: number, about: string][] {
  return [
    ['Customers', health.customers, ''],
    ['Identifiers', health.identifiers, 'also those without a customer'],
    ['Merges', health.merges, 'customers that were merged into another'],
    ['Splits', health.splits, 'customers that were split off'],
    ['Shared', health.shared, 'identifiers of several people'],
  ];
}

/** The rules as they are, the strongest kind first. */
function RulesTable({ rules }: { rules: RulesFragment }) {
  return (
    <>
      <div className="scroll" tabIndex={0} role="group" aria-label="The kinds of identifiers">
        <table>
          <caption>{plural(rules.kinds.length, 'kind')} of identifiers, the strongest first</caption>
          <thead><tr><th scope="col">Rank</th><th scope="col">Kind</th><th scope="col">Read from, or made of</th><th scope="col">Of a customer</th><th scope="col">Merges customers</th><th scope="col">Device</th><th scope="col">Besides</th></tr></thead>
          <tbody>
            {rules.kinds.map((kind) => (
              <tr key={kind.name}>
                <td className="number">{kind.priority}</td><th scope="row">{plain(kind.name)}</th>
                <td>{kind.parts.length > 0 ? `${kind.parts.join(' + ')}` : kind.from.join(', ') || 'external ids'}</td>
                <td>{kind.limit === null ? 'any number' : `at most ${kind.limit}`}</td><td>{kind.merges ? 'yes' : 'no'}</td><td>{kind.device ? 'yes' : 'no'}</td>
                <td>{[kind.normalise && `written as ${kind.normalise}`, kind.except.length > 0 && `not of ${kind.except.join(', ')}`, kind.blocked.length > 0 && `ignored: ${kind.blocked.join(', ')}`].filter(Boolean).join('; ') || '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <dl className="pairs">
        <div><dt>Identifiers of a customer</dt><dd>at most {count(rules.maxIdentifiers)}</dd></div>
        <div><dt>A session ends after</dt><dd>{rules.sessionGap}</dd></div>
        <div><dt>Telephone numbers without a country</dt><dd>{rules.phoneCountry}</dd></div>
        <div><dt>Ignored as identifiers</dt><dd>{rules.blocked.map((value) => <code key={value} className="chip">{value}</code>)}</dd></div>
      </dl>
    </>
  );
}
