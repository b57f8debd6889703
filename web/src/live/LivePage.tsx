// The change log as it happens. A stream that breaks is opened again where it ended, so no change is missing.
import { useEffect, useState } from 'react';
import { ask, follow, troubleOf, type Trouble } from '../api/client';
import { LastChangeDocument, LiveChangesDocument, PastChangesDocument, type ChangeKind, type LiveChangeFragment, type PastChangesQuery } from '../api/generated';
import { Empty, Problem, QueryLink } from '../app/parts';
import { customerAt, Link, setParameters, useAddress } from '../app/router';
import { money, moment, plain, plural } from '../app/words';

const KINDS: ChangeKind[] = ['TOUCHPOINT_RECORDED', 'ORDER_RECORDED', 'CONSENT_CHANGED', 'CUSTOMER_CREATED', 'IDENTIFIER_LINKED', 'CUSTOMERS_MERGED', 'CUSTOMER_SPLIT',
  'CUSTOMERS_KEPT_APART', 'CUSTOMER_ERASED', 'IDENTIFIER_SHARED', 'SEGMENT_ENTERED', 'SEGMENT_LEFT', 'RULES_SAVED'];
/** More rows than this are not read by anybody; the log itself keeps them all. */
const KEPT = 500;
const RETRY_MS = 3000;

export function LivePage() {
  const { parameters } = useAddress();
  const kinds = (parameters.get('kinds') ?? '').split(',').filter((kind): kind is ChangeKind => (KINDS as string[]).includes(kind));
  const customer = parameters.get('customer') ?? '';
  const fromStart = parameters.get('from') === 'start';
  const [paused, setPaused] = useState(false);
  const [turn, setTurn] = useState(0);
  const filter = { ...(kinds.length > 0 && { kinds }), ...(customer && { customer }) };
  const live = useChanges(JSON.stringify(filter), fromStart, paused, turn);
  const toggle = (kind: ChangeKind) => setParameters({ kinds: (kinds.includes(kind) ? kinds.filter((one) => one !== kind) : [...kinds, kind]).join(',') });
  return (
    <>
      <div className="twin-head"><h1>Live</h1><QueryLink of={LiveChangesDocument} variables={filter} /></div>
      <p className="lead">Every change of the store, the newest first.</p>
      <div className="filters">
        <fieldset>
          <legend>Only these kinds</legend>
          {KINDS.map((kind) => <label key={kind}><input type="checkbox" checked={kinds.includes(kind)} onChange={() => toggle(kind)} /> {plain(kind)}</label>)}
        </fieldset>
        <div className="row">
          <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>{paused ? 'Go on' : 'Pause'}</button>
          <label><input type="checkbox" checked={fromStart} onChange={() => setParameters({ from: fromStart ? null : 'start' })} /> the past too</label>
          {customer && <button type="button" onClick={() => setParameters({ customer: null })}>All customers again</button>}
          <p className="note" role="status"><span className={`lamp ${live.open ? 'on' : ''}`} aria-hidden="true" />{paused ? 'Paused. Changes in the meantime come when you go on.' : live.open ? 'Listening.' : 'Connecting …'}</p>
          <p className="note">{plural(live.changes.length, 'change')} shown{live.changes.length === KEPT && ', older ones are in the log'}.</p>
        </div>
      </div>
      {live.trouble && <Problem trouble={live.trouble} again={() => setTurn(turn + 1)} />}
      {live.changes.length === 0 ? (
        !live.trouble && (
          <Empty>
            <h2>Nothing has changed since you opened this page</h2>
            <p>As soon as an event is taken in, what it changed is listed here. Tick “the past too” for the log from its beginning. To see a change, run this while the page is open:</p>
            <pre>{`curl ${location.origin}/graphql --header 'content-type: application/json' --data \\
  '{"query": "mutation Try($events: [JSON]!) { eventsIngest(events: $events) { outcomes { status } } }",
    "variables": {"events": [{"type": "track", "event": "Hello", "messageId": "hello-1", "anonymousId": "visitor-1",
      "timestamp": "${new Date().toISOString()}"}]}}'`}</pre>
          </Empty>
        )
      ) : (
        <div className="scroll" tabIndex={0} role="group" aria-label="Changes">
          <table className="log">
            <thead><tr><th scope="col">Stored</th><th scope="col">What</th><th scope="col">Customer</th><th scope="col">Details</th></tr></thead>
            <tbody>
              {live.changes.map((change) => (
                <tr key={change.cursor}>
                  <td>{moment(change.at)}</td>
                  <td><span className="chip">{plain(change.kind)}</span></td>
                  <td>{change.customer ? <><Link to={customerAt(change.customer.id)}>{change.customer.displayName ?? 'Without a name'}</Link>{!customer && <> <button type="button" className="link" aria-label={`Only ${change.customer.displayName ?? 'this customer'}`} onClick={() => setParameters({ customer: change.customer?.id ?? null })}>only</button></>}</> : '–'}</td>
                  <td>{details(change)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

/** The log from its beginning when that is wanted, then what comes; both by the same filter. */
function useChanges(filter: string, fromStart: boolean, paused: boolean, turn: number) {
  const [state, setState] = useState<{ key: string; changes: LiveChangeFragment[]; cursor: string | null; open: boolean; trouble: Trouble | null }>({ key: '', changes: [], cursor: null, open: false, trouble: null });

  useEffect(() => {
    if (paused) return;
    const abort = new AbortController();
    const { signal } = abort;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const key = `${fromStart} ${filter}`;
    let cursor: string | null = state.key === key ? state.cursor : null;
    if (cursor === null) setState({ key, changes: [], cursor: null, open: false, trouble: null });
    // Many changes at once are one drawing.
    let fresh: LiveChangeFragment[] = [];
    let frame = 0;
    const draw = () => {
      frame = 0;
      const batch = fresh.reverse();
      fresh = [];
      setState((before) => ({ ...before, cursor, changes: [...batch, ...before.changes].slice(0, KEPT), open: true, trouble: null }));
    };
    const take = (change: LiveChangeFragment) => {
      cursor = change.cursor;
      fresh.push(change);
      frame ||= requestAnimationFrame(draw);
    };
    const run = async () => {
      const variables = JSON.parse(filter) as { kinds?: ChangeKind[]; customer?: string };
      try {
        if (cursor === null && fromStart) {
          for (let more = true; more; ) {
            const { changes }: PastChangesQuery = await ask(PastChangesDocument, { ...variables, after: cursor, first: 100 }, signal);
            changes.nodes.forEach(take);
            cursor = changes.pageInfo.endCursor ?? cursor;
            more = changes.pageInfo.hasNextPage;
          }
        }
        // Asked for, not left to the stream, so that a stream which breaks before its first change misses none.
        cursor ??= (await ask(LastChangeDocument, {}, signal)).status.change;
        const begin = cursor;
        setState((before) => ({ ...before, cursor: before.cursor ?? begin }));
        const opened = () => setState((before) => ({ ...before, open: true, trouble: null }));
        for await (const { changes } of follow(LiveChangesDocument, { ...variables, after: cursor }, signal, opened)) take(changes);
      } catch (error) {
        if (signal.aborted) return;
        const trouble = troubleOf(error);
        setState((before) => ({ ...before, open: false, trouble }));
        if (trouble.passing) timer = setTimeout(() => void run(), RETRY_MS);
      }
    };
    void run();
    return () => {
      abort.abort();
      clearTimeout(timer);
      if (frame) { cancelAnimationFrame(frame); draw(); }
      setState((before) => ({ ...before, open: false }));
    };
    // The cursor of `state` is where this stream begins; it does not begin anew with each change.
  }, [filter, fromStart, paused, turn]);

  return state.key === `${fromStart} ${filter}` ? state : { ...state, changes: [] };
}

function details(change: LiveChangeFragment): string {
  const { touchpoint, order, consent, identifiers, rule, reason, otherCustomerIds } = change;
  return [
    touchpoint && `${touchpoint.name} on ${plain(touchpoint.channel)}, ${moment(touchpoint.at)}`,
    order && `order ${order.number}, net ${money(order.net)}`,
    consent && `${plain(consent.purpose)}${consent.channel ? ` by ${plain(consent.channel)}` : ''}: ${plain(consent.status)}`,
    identifiers.length > 0 && identifiers.map(({ kind, value }) => `${plain(kind)} ${value}`).join(', '),
    otherCustomerIds.length > 0 && `with ${plural(otherCustomerIds.length, 'other customer')}`,
    rule && `rule ${plain(rule)}`,
    reason,
  ].filter(Boolean).join(' · ');
}
