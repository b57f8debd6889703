// A customer's touchpoints as lanes of a strip and as a list. What is looked at is in the address.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useAnswer } from '../api/client';
import { CustomerTimelineDocument, CustomerTouchpointsDocument, type TouchpointFilter } from '../api/generated';
import { Empty, Problem, QueryLink, Twin, Waiting } from '../app/parts';
import { setParameters, useAddress } from '../app/router';
import { count, day, json, moment, money, plain, plural } from '../app/words';
import type { Overview } from './CustomerPage';
import { Strip, type Density } from './Strip';
import { useTouchpoints, type Touchpoint } from './useTouchpoints';

/** The kinds of the schema (`Touchpoint.kind`). */
const KINDS = ['view', 'search', 'product', 'cart', 'wishlist', 'order', 'return', 'message_sent', 'message_opened', 'message_clicked', 'message_failed',
  'contact', 'visit', 'delivery', 'sign_up', 'sign_in', 'like', 'dislike', 'consent', 'other'];

/** The buckets of a strip that shows more than what is loaded. */
const BUCKETS = 200;

export function Timeline({ id, activity }: { id: string; activity: Overview['activity'] }) {
  const { parameters } = useAddress();
  const [since, until] = [parameters.get('since'), parameters.get('until')];
  const channels = words(parameters.get('channels'));
  const kinds = words(parameters.get('kinds'));
  const name = parameters.get('name') ?? '';
  const filter: TouchpointFilter = {
    ...(since && { since }),
    ...(until && { until }),
    ...(channels.length > 0 && { channels }),
    ...(kinds.length > 0 && { kinds }),
    ...(name && { names: [name] }),
  };
  const touchpoints = useTouchpoints(id, filter);
  const { list, total } = touchpoints;
  const lanes = activity.channels.map(({ channel }) => channel).filter((channel) => channels.length === 0 || channels.includes(channel));
  const narrowed = Object.keys(filter).length > 0;
  const variables = { id, filter, first: 100 };
  const partial = total !== null && list.length < total;
  // What is loaded has only the newest of a long life; the strip shows all of it. Kind and name are told by touchpoints alone.
  const counted = partial && kinds.length === 0 && !name ? { id, since: since ?? activity.firstSeenAt, until: until ?? after(activity.lastSeenAt), buckets: BUCKETS } : null;
  const density = useAnswer(CustomerTimelineDocument, counted).data?.customer?.activity.timeline ?? null;
  const toggle = (key: string, values: string[], value: string) =>
    setParameters({ [key]: (values.includes(value) ? values.filter((one) => one !== value) : [...values, value]).join(',') });

  if (activity.touchpointCount === 0) {
    return <Empty><h2>No touchpoint yet</h2><p>Only identifiers and traits are known. A page seen, a message or an order will be shown here as soon as its event arrives.</p></Empty>;
  }
  return (
    <>
      <Twin
        id="timeline"
        title="Timeline"
        query={<QueryLink of={CustomerTouchpointsDocument} variables={variables} />}
        tools={
          <div className="filters">
            <fieldset>
              <legend>Channel</legend>
              {activity.channels.map(({ channel, touchpoints }) => (
                <label key={channel}><input type="checkbox" checked={channels.includes(channel)} onChange={() => toggle('channels', channels, channel)} /> {plain(channel)} <small>{count(touchpoints)}</small></label>
              ))}
            </fieldset>
            <div className="row">
              <label>Kind{' '}
                <select value={kinds[0] ?? ''} onChange={(event) => setParameters({ kinds: event.target.value })}>
                  <option value="">all</option>
                  {KINDS.map((kind) => <option key={kind} value={kind}>{plain(kind)}</option>)}
                </select>
              </label>
              <NameField value={name} list={list} />
              {narrowed && <button type="button" onClick={() => setParameters({ since: null, until: null, channels: null, kinds: null, name: null })}>Show all</button>}
              <p className="note" role="status">
                {total === null ? 'Loading …' : <>{plural(total, 'touchpoint')}{since || until ? ` from ${since ? day(since) : 'the first'} to ${until ? day(until) : 'the last'}` : ''}{partial && `, the newest ${count(list.length)} are shown`}</>}
              </p>
              {partial && touchpoints.loading && <progress value={list.length} max={total} aria-label="Touchpoints loaded" />}
              {partial && !touchpoints.loading && touchpoints.more && <button type="button" onClick={touchpoints.more}>Show older ones</button>}
            </div>
          </div>
        }
        picture={
          list.length === 0 && touchpoints.loading ? <Waiting /> : list.length === 0 && !touchpoints.trouble ? <NothingFits /> : (
            <Strip lanes={lanes} list={list} density={counted && density} first={since ?? (partial ? null : activity.firstSeenAt)} last={until ?? activity.lastSeenAt} onZoom={(from, to) => setParameters({ since: from, until: to })} />
          )
        }
        table={counted && density ? <ByBucket lanes={lanes} density={density} /> : <ByChannel lanes={lanes} list={list} />}
      />
      {touchpoints.trouble && <Problem trouble={touchpoints.trouble} again={touchpoints.again} />}
      {list.length > 0 && <List list={list} onEnd={touchpoints.loading ? null : touchpoints.more} />}
    </>
  );
}

/** The first millisecond after a time. */
const after = (time: string | null): string | null => time && new Date(Date.parse(time) + 1).toISOString();

function NothingFits() {
  return <Empty><p>No touchpoint fits. Take away a filter, or choose “Show all”.</p></Empty>;
}

/** The API compares whole names, so the field offers those that occur. */
function NameField({ value, list }: { value: string; list: Touchpoint[] }) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const names = useMemo(() => [...new Set(list.map(({ name }) => name))].sort().slice(0, 200), [list]);
  const take = (name: string) => setParameters({ name });
  return (
    <label>Name{' '}
      <input
        type="text" list="names" value={typed} placeholder="whole name" size={18}
        onChange={(event) => { setTyped(event.target.value); if (event.target.value === '' || names.includes(event.target.value)) take(event.target.value); }}
        onKeyDown={(event) => { if (event.key === 'Enter') take(typed.trim()); }}
        onBlur={() => { if (typed.trim() !== value) take(typed.trim()); }}
      />
      <datalist id="names">{names.map((name) => <option key={name} value={name} />)}</datalist>
    </label>
  );
}

/** The table of the strip: the counts of its lanes by month. */
function ByChannel({ lanes, list }: { lanes: string[]; list: Touchpoint[] }) {
  const months = useMemo(() => {
    const rows = new Map<string, Map<string, number>>();
    for (const { at, channel } of list) {
      const row = rows.get(at.slice(0, 7)) ?? new Map<string, number>();
      rows.set(at.slice(0, 7), row.set(channel, (row.get(channel) ?? 0) + 1));
    }
    return [...rows].sort(([a], [b]) => b.localeCompare(a));
  }, [list]);
  return (
    <div className="scroll" tabIndex={0} role="group" aria-label="Touchpoints by month and channel">
      <table>
        <caption>Touchpoints by month (UTC) and channel</caption>
        <thead><tr><th scope="col">Month</th>{lanes.map((lane) => <th key={lane} scope="col" className="number">{plain(lane)}</th>)}</tr></thead>
        <tbody>
          {months.map(([month, row]) => (
            <tr key={month}><th scope="row">{month}</th>{lanes.map((lane) => <td key={lane} className="number">{row.get(lane) ?? ''}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The table of the strip when it shows more than what is loaded. */
function ByBucket({ lanes, density }: { lanes: string[]; density: Density }) {
  const [from, to] = [Date.parse(density.since), Date.parse(density.until)];
  const shown = lanes.map((lane) => density.lanes.find(({ channel }) => channel === lane)?.counts ?? []);
  const buckets = [...(density.lanes[0]?.counts ?? []).keys()].filter((bucket) => shown.some((counts) => counts[bucket])).reverse();
  return (
    <div className="scroll" tabIndex={0} role="group" aria-label="Touchpoints by time and channel">
      <table>
        <caption>Touchpoints by time and channel, each row the same length of time</caption>
        <thead><tr><th scope="col">From</th>{lanes.map((lane) => <th key={lane} scope="col" className="number">{plain(lane)}</th>)}</tr></thead>
        <tbody>
          {buckets.map((bucket) => (
            <tr key={bucket}><th scope="row">{moment(from + ((to - from) * bucket) / BUCKETS)}</th>{shown.map((counts, lane) => <td key={lanes[lane]} className="number">{counts[bucket] || ''}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const ROW = 34;
const ROW_OPEN = 220;

/** All touchpoints, of which only the visible rows are in the document. One tab stop; arrows move, Enter opens. */
function List({ list, onEnd }: { list: Touchpoint[]; onEnd: (() => void) | null }) {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState<string | null>(null);
  const current = Math.min(at, list.length - 1);
  const rows = useVirtualizer({
    count: list.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => (list[index]?.id === open ? ROW_OPEN : ROW),
    getItemKey: (index) => list[index]?.id ?? index,
    overscan: 12,
  });
  useEffect(() => rows.measure(), [open, rows]);
  const move = (to: number) => {
    const next = Math.max(0, Math.min(list.length - 1, to));
    setAt(next);
    rows.scrollToIndex(next);
    if (next === list.length - 1) onEnd?.();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const target = { ArrowDown: current + 1, ArrowUp: current - 1, PageDown: current + 15, PageUp: current - 15, Home: 0, End: list.length - 1 }[event.key];
    if (target !== undefined) {
      event.preventDefault();
      move(target);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      setOpen(open === list[current]?.id ? null : (list[current]?.id ?? null));
    } else if (event.key === 'Escape') setOpen(null);
  };
  return (
    <section aria-labelledby="touchpoints">
      <h2 id="touchpoints">Touchpoints, newest first</h2>
      <p className="note"><kbd>↑</kbd> <kbd>↓</kbd> move, <kbd>Enter</kbd> shows all that is known of one.</p>
      <div ref={box} className="rows" tabIndex={0} role="listbox" aria-labelledby="touchpoints" aria-activedescendant={`touchpoint-${current}`} onKeyDown={onKeyDown}>
        <div role="presentation" style={{ height: rows.getTotalSize(), position: 'relative' }}>
          {rows.getVirtualItems().map(({ index, start, size }) => {
            const one = list[index];
            if (!one) return null;
            return (
              <div
                key={one.id}
                id={`touchpoint-${index}`}
                role="option"
                aria-selected={index === current}
                aria-setsize={list.length}
                aria-posinset={index + 1}
                className={`line kind-${one.kind}`}
                style={{ position: 'absolute', insetInline: 0, top: start, height: size }}
                onClick={() => { setAt(index); setOpen(open === one.id ? null : one.id); }}
              >
                <span className="cells">
                  <time dateTime={one.at}>{moment(one.at)}</time>
                  <span className="chip">{plain(one.channel)}</span>
                  <span>{plain(one.kind)}</span>
                  <strong>{one.name}</strong>
                  <span className="aside">{[one.campaign?.name, one.order && `order ${one.order.number}, net ${money(one.order.net)}`, one.direction === 'OUTBOUND' && 'sent by us'].filter(Boolean).join(' · ')}</span>
                </span>
                {open === one.id && <Details of={one} />}
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

function Details({ of }: { of: Touchpoint }) {
  const properties = of.properties && typeof of.properties === 'object' ? Object.entries(of.properties) : [];
  return (
    <span className="details">
      <span>Message id <code>{of.messageId}</code>, on {plain(of.channel)}, from {of.source}, by {plain(of.identifier.kind)} <code>{of.identifier.value}</code>{of.device && `, on ${[of.device.model, of.device.os, of.device.kind].filter(Boolean).join(', ')}`}.</span>
      {properties.map(([key, value]) => <span key={key}><b>{key}</b> {json(value)}</span>)}
    </span>
  );
}

function words(text: string | null): string[] {
  return text ? text.split(',').filter(Boolean) : [];
}
