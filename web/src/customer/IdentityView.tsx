// The identity graph: what belongs together and why, as it was at any time, and how to split and merge.
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useAnswer } from '../api/client';
import { IdentityGraphDocument, IdentityHistoryDocument, WhyLinkedDocument, type IdentifierInput } from '../api/generated';
import { Problem, QueryLink, Twin, Waiting } from '../app/parts';
import { customerAt, Link, setParameters, useParameter } from '../app/router';
import { exact, moment, plain, plural } from '../app/words';
import { Decide } from './Decide';
import { evidenceOf, firstTimes, graphOf, HEIGHT, layOut, neighbour, seenBy, summary, WIDTH, type Facts, type GraphEdge, type GraphNode } from './identityGraph';

export function IdentityView({ id, onChange }: { id: string; onChange: () => void }) {
  const [asOf] = useParameter('asOf');
  const variables = { id, ...(asOf && { asOf }) };
  const { data, trouble, loading, again } = useAnswer(IdentityGraphDocument, variables);
  const now = useAnswer(IdentityGraphDocument, asOf ? { id } : null);
  const history = useAnswer(IdentityHistoryDocument, { id });
  const [selected, setSelected] = useState<string[]>([]);
  const [upTo] = useParameter('upTo');
  const stored = data?.customer ?? null;
  const customer = useMemo(() => (stored && upTo ? seenBy(stored, upTo) : stored), [stored, upTo]);
  const present = asOf ? now.data?.customer ?? null : stored;

  const graph = useMemo(() => (customer ? graphOf(customer) : null), [customer]);
  // Places come from the present graph, so that nodes stay where they are while the time moves.
  const places = useMemo(() => {
    const base = present ? graphOf(present) : null;
    if (!graph) return null;
    const all = base && graph.nodes.every((node) => base.nodes.some(({ key, id }) => sameNode({ key, id }, node))) ? base : graph;
    const found = layOut(all.nodes, all.edges);
    return new Map(graph.nodes.flatMap((node) => {
      const twin = all.nodes.find((one) => sameNode(one, node));
      const place = twin && found.get(twin.id);
      return place ? [[node.id, place] as const] : [];
    }));
  }, [graph, present]);
  useEffect(() => setSelected([]), [asOf, upTo, id]);

  const done = () => { setSelected([]); again(); history.again(); onChange(); };
  const chosen = selected.flatMap((one) => graph?.nodes.find((node) => node.id === one) ?? []);
  const keys = chosen.flatMap(({ key }) => key ?? []);
  const toggle = (node: string) => setSelected((before) => (before.includes(node) ? before.filter((one) => one !== node) : [...before, node]));

  return (
    <>
      {stored && <SeenSlider customer={stored} upTo={upTo} />}
      <StoredSlider events={history.data?.customer?.identityHistory.nodes ?? []} asOf={asOf} />
      {history.trouble && <Problem trouble={history.trouble} again={history.again} />}
      {trouble && <Problem trouble={trouble} again={again} />}
      {!data && !trouble && <Waiting />}
      {data && !customer && <p className="note">The customer was not known {asOf && `at ${moment(asOf)}`}. Move the time on.</p>}
      {customer && graph && places && (
        <div className="identity">
          <Twin
            id="identity"
            title="Identity graph"
            query={<QueryLink of={IdentityGraphDocument} variables={variables} />}
            tools={<p className="note" aria-busy={loading}>{asOf && `As stored on ${exact(asOf)}: `}{upTo && `What had been seen by ${exact(upTo)}: `}{summary(customer, graph.nodes, graph.edges)}{cut(customer)}</p>}
            picture={<Picture {...graph} places={places} selected={selected} toggle={toggle} />}
            table={<Table {...graph} selected={selected} toggle={toggle} />}
          />
          <aside className="panel" aria-label="What is selected">
            {chosen.length === 0 ? (
              <p className="note">Select an identifier for its evidence. Select two to see why they are linked, or some to split them off.</p>
            ) : chosen.map((node) => <Evidence key={node.id} node={node} {...graph} drop={() => toggle(node.id)} />)}
            {keys.length === 2 && keys[0] && keys[1] && <Why from={keys[0]} to={keys[1]} />}
          </aside>
        </div>
      )}
      {customer && (asOf || upTo
        ? <p className="note">Split and merge work on the present. <button type="button" className="link" onClick={() => setParameters({ asOf: null, upTo: null })}>Go to the present</button></p>
        : <Decide id={id} identifiers={chosen.filter(({ shape }) => shape === 'identifier').flatMap(({ key }) => key ?? [])} done={done} />)}
      {history.data?.customer && <History events={history.data.customer.identityHistory.nodes} id={id} />}
    </>
  );
}

type Drawn = { nodes: GraphNode[]; edges: GraphEdge[]; selected: string[]; toggle: (id: string) => void };

function Picture({ nodes, edges, places, selected, toggle }: Drawn & { places: Map<string, { x: number; y: number }> }) {
  const [at, goTo] = useState('');
  const [edgeAt, setEdgeAt] = useState(-1);
  const setAt = (id: string) => { goTo(id); setEdgeAt(-1); };
  const active = nodes.some(({ id }) => id === at) ? at : (nodes[0]?.id ?? '');
  const box = useRef<SVGSVGElement>(null);
  const node = nodes.find(({ id }) => id === active);
  const mine = edges.filter(({ from, to }) => from === active || to === active);
  const nameOf = (id: string) => { const one = nodes.find((node) => node.id === id); return one ? `${one.subtitle} ${one.title}` : ''; };
  const read = mine[edgeAt];
  const said = !node ? '' : read
    ? `Edge ${edgeAt + 1} of ${mine.length}: to ${nameOf(read.from === active ? read.to : read.from)}, ${read.evidence}.`
    : `${sentence(node, selected.includes(active))} ${plural(mine.length, 'edge')}.`;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' || event.key === ' ') toggle(active);
    else if (event.key === 'Home') setAt(nodes[0]?.id ?? '');
    else if (event.key === 'PageDown' && mine.length > 0) setEdgeAt((edgeAt + 1) % mine.length);
    else if (event.key === 'PageUp' && mine.length > 0) setEdgeAt((edgeAt - 1 + mine.length) % mine.length);
    else if (event.key === 'Escape') selected.forEach(toggle);
    else {
      const next = neighbour(active, event.key, places, edges);
      if (next) setAt(next);
      else if (!event.key.startsWith('Arrow')) return;
    }
    event.preventDefault();
  };
  return (
    <>
      <p className="note" id="graph-help">Arrows go from node to node, <kbd>Enter</kbd> selects, <kbd>Page Down</kbd> reads the edges. <span className="key dashed" aria-hidden="true" /> dashed: refused.</p>
      <svg
        ref={box} className="graph" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} tabIndex={0} role="application" aria-roledescription="graph"
        aria-label={`Identity graph: ${plural(nodes.length, 'node')}, ${plural(edges.length, 'edge')}`} aria-describedby="graph-help" onKeyDown={onKeyDown}
      >
        {edges.map((edge) => {
          const [a, b] = [places.get(edge.from), places.get(edge.to)];
          if (!a || !b) return null;
          const refused = edge.link !== null && edge.link.refused !== null;
          const lit = edge === read || selected.includes(edge.from) || selected.includes(edge.to);
          return (
            <g key={edge.id} className={`edge${refused ? ' refused' : ''}${edge.link ? '' : ' soft'}${lit ? ' lit' : ''}${edge === read ? ' read' : ''}`}>
              <line x1={a.x} y1={a.y} x2={b.x} y2={b.y} strokeWidth={edge.link ? 1.5 + Math.min(4, Math.log2(edge.link.count)) : 1} />
              <line className="hit" x1={a.x} y1={a.y} x2={b.x} y2={b.y}><title>{edge.evidence}</title></line>
            </g>
          );
        })}
        {nodes.map((one) => {
          const place = places.get(one.id);
          if (!place) return null;
          const { x, y } = place;
          const classes = ['node', one.shape, one.shared && 'shared', selected.includes(one.id) && 'selected', one.id === active && 'active'];
          return (
            <g key={one.id} className={classes.filter(Boolean).join(' ')} transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`} onClick={() => { setAt(one.id); toggle(one.id); box.current?.focus(); }}>
              <title>{sentence(one, selected.includes(one.id))}</title>
              <rect className="target" x={-48} y={-18} width={96} height={66} />
              {one.shape === 'device' ? <rect x={-13} y={-10} width={26} height={20} rx={3} /> : one.shape === 'order' ? <path d="M0-13 13 0 0 13-13 0Z" /> : <circle r={13} />}
              {one.shared && <circle className="second" r={18} />}
              {one.id === active && <circle className="ring" r={22} />}
              <text y={31} textAnchor="middle">{short(one.title, 24)}</text>
              <text y={45} textAnchor="middle" className="sub">{one.subtitle}{one.owner && `, of ${one.owner.displayName ?? 'another customer'}`}</text>
            </g>
          );
        })}
        {edges.map((edge) => {
          const [a, b] = [places.get(edge.from), places.get(edge.to)];
          const refused = edge.link?.refused;
          const lit = edge === read || [edge.from, edge.to].some((id) => id === active || selected.includes(id));
          // The reason is there to read while there is room for it, and whole beside what is looked at.
          if (!a || !b || !refused || !(lit || edges.length <= 20)) return null;
          const half = Math.min(WIDTH / 2, 3.1 * Math.min(refused.length + 9, 80));
          const x = Math.max(half, Math.min(WIDTH - half, (a.x + b.x) / 2));
          return <text key={edge.id} className="reason" x={x} y={Math.min(a.y, b.y) - 28} textAnchor="middle">refused: {short(refused, lit ? 70 : 30)}</text>;
        })}
      </svg>
      <p className="spoken" role="status">{said}</p>
    </>
  );
}

function Table({ nodes, edges, selected, toggle }: Drawn) {
  const name = (id: string) => { const node = nodes.find((one) => one.id === id); return node ? <>{node.subtitle} <code>{node.title}</code></> : null; };
  return (
    <>
      <div className="scroll" tabIndex={0} role="group" aria-label="Nodes of the graph">
        <table>
          <caption>Identifiers, devices and orders</caption>
          <thead><tr><th scope="col">Select</th><th scope="col">What</th><th scope="col">Value</th><th scope="col">Remark</th></tr></thead>
          <tbody>
            {nodes.map((node) => (
              <tr key={node.id}>
                <td><input type="checkbox" aria-label={`Select ${node.subtitle} ${node.title}`} checked={selected.includes(node.id)} onChange={() => toggle(node.id)} /></td>
                <td>{node.subtitle}</td><td><code>{node.title}</code></td>
                <td>{[node.shared && 'shared by several people', node.shape === 'other' && `of ${node.owner?.displayName ?? (node.owner ? 'another customer' : 'nobody')}`].filter(Boolean).join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="scroll" tabIndex={0} role="group" aria-label="Edges of the graph">
        <table>
          <caption>Links and their evidence</caption>
          <thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col">Accepted</th><th scope="col">Evidence</th></tr></thead>
          <tbody>
            {edges.map((edge) => (
              <tr key={edge.id}><td>{name(edge.from)}</td><td>{name(edge.to)}</td><td>{edge.link ? (edge.link.refused === null ? 'yes' : 'refused') : '–'}</td><td>{edge.evidence}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Evidence({ node, nodes, edges, drop }: { node: GraphNode; nodes: GraphNode[]; edges: GraphEdge[]; drop: () => void }) {
  const mine = edges.filter(({ from, to }) => from === node.id || to === node.id);
  return (
    <section className="evidence" aria-label={`${node.subtitle} ${node.title}`}>
      <p><strong>{node.title}</strong> <small>{node.subtitle}</small> <button type="button" className="quiet" aria-label={`Deselect ${node.title}`} onClick={drop}>✕</button></p>
      {node.shared && <p>Shared by several people: it connects no customers.</p>}
      {node.owner && <p>It belongs to <Link to={customerAt(node.owner.id) + '?view=identity'}>{node.owner.displayName ?? 'another customer'}</Link>.</p>}
      {mine.length === 0 ? <p className="note">It was never seen together with another identifier.</p> : (
        <ul>
          {mine.map((edge) => {
            const other = nodes.find(({ id }) => id === (edge.from === node.id ? edge.to : edge.from));
            return <li key={edge.id}><b>{other?.subtitle} {other?.title}</b>: {edge.evidence}</li>;
          })}
        </ul>
      )}
    </section>
  );
}

function Why({ from, to }: { from: IdentifierInput; to: IdentifierInput }) {
  const { data, trouble, again } = useAnswer(WhyLinkedDocument, { from, to });
  const path = data?.whyLinked;
  return (
    <section className="evidence why-linked" aria-labelledby="why">
      <p><strong id="why">Why they are linked</strong> <QueryLink of={WhyLinkedDocument} variables={{ from, to }} /></p>
      {trouble && <Problem trouble={trouble} again={again} />}
      {!data && !trouble && <Waiting />}
      {data && !path && <p>Nothing connects them: no chain of events has one of them together with the other.</p>}
      {path && (
        <>
          <p>{path.sameCustomer ? 'They are one customer.' : 'They are not one customer: a link of the chain is refused.'}</p>
          <ol>
            {path.steps.map((step) => (
              <li key={step.id}><code>{step.from.value}</code> and <code>{step.to.value}</code>: {evidenceOf(step)}</li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

type HistoryEvent = NonNullable<import('../api/generated').IdentityHistoryQuery['customer']>['identityHistory']['nodes'][number];

/** By the times of events: how the graph grew. The last step is all of it. */
function SeenSlider({ customer, upTo }: { customer: Facts; upTo: string }) {
  const steps = useMemo(() => firstTimes(customer), [customer]);
  if (steps.length < 2) return null;
  const index = upTo ? Math.max(0, steps.findLastIndex((at) => at <= upTo)) : steps.length;
  const words = index < steps.length ? `seen by ${exact(steps[index] ?? '')}` : 'all that was seen';
  return <Slider id="seen" label="Events until" last={steps.length} index={index} words={words} set={(step) => setParameters({ upTo: steps[step] ?? null })} marks={[]} />;
}

/** By the times of changes of the store: merges, splits and refusals, and what was taken in later. The last step is the present. */
function StoredSlider({ events, asOf }: { events: HistoryEvent[]; asOf: string }) {
  const steps = useMemo(() => {
    const found = new Map<string, string[]>();
    for (const { at, kind } of events) found.set(at, [...(found.get(at) ?? []), plain(kind)]);
    return [...found].sort(([a], [b]) => a.localeCompare(b));
  }, [events]);
  if (steps.length < 2) return null;
  const index = asOf ? Math.max(0, steps.findLastIndex(([at]) => at <= asOf)) : steps.length;
  const step = steps[index];
  const words = step ? `${exact(step[0])}: ${[...new Set(step[1])].join(', ')}` : 'the present';
  const marks = steps.map(([, kinds]) => kinds.find((kind) => ['merged', 'split', 'refused'].includes(kind)) ?? '');
  return <Slider id="as-of" label="Stored on" last={steps.length} index={index} words={words} set={(step) => setParameters({ asOf: steps[step]?.[0] ?? null })} marks={marks} />;
}

function Slider({ id, label, last, index, words, set, marks }: { id: string; label: string; last: number; index: number; words: string; set: (step: number) => void; marks: string[] }) {
  return (
    <div className="slider">
      <label htmlFor={id}>{label}</label>
      <input id={id} type="range" min={0} max={last} step={1} value={index} aria-valuetext={words} onChange={(event) => set(Number(event.target.value))} />
      <output htmlFor={id}>{words}</output>
      {marks.some(Boolean) && (
        <span className="marks" aria-hidden="true">
          {marks.map((kind, step) => kind && <i key={step} className={kind} style={{ insetInlineStart: `${(step / last) * 100}%` }} />)}
        </span>
      )}
    </div>
  );
}

function History({ events, id }: { events: HistoryEvent[]; id: string }) {
  return (
    <section aria-labelledby="history">
      <div className="twin-head"><h2 id="history">What happened to the identity</h2><QueryLink of={IdentityHistoryDocument} variables={{ id }} /></div>
      <div className="scroll" tabIndex={0} role="group" aria-labelledby="history">
        <table>
          <thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">Identifiers</th><th scope="col">Why</th></tr></thead>
          <tbody>
            {events.map((event) => (
              <tr key={event.id}>
                <td><button type="button" className="link" aria-label={`Show the graph as stored on ${exact(event.at)}`} onClick={() => setParameters({ asOf: event.at })}>{exact(event.at)}</button></td>
                <td>{plain(event.kind)}</td>
                <td>{event.identifiers.map(({ kind, value }) => `${plain(kind)} ${value}`).join(', ')}</td>
                <td>{[event.reason, event.rule && `rule ${plain(event.rule)}`, event.by && `by ${event.by}`, event.messageId && `message ${event.messageId}`].filter(Boolean).join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function sentence(node: GraphNode, selected: boolean): string {
  const what = `${node.subtitle} ${node.title}`;
  const facts = [node.shared && 'shared by several people', node.owner && `of ${node.owner.displayName ?? 'another customer'}`, selected && 'selected'].filter(Boolean);
  return `${[what, ...facts].join(', ')}.`;
}

/** Ids of the past carry their moment, so identifiers are compared by kind and value. */
function sameNode(a: Pick<GraphNode, 'key' | 'id'> & { title?: string }, b: GraphNode): boolean {
  if (a.key && b.key) return a.key.kind === b.key.kind && a.key.value === b.key.value;
  return a.id === b.id;
}

function cut({ identifiers, links }: { identifiers: { totalCount: number | null; nodes: unknown[] }; links: { totalCount: number | null; nodes: unknown[] } }): string {
  const hidden = Math.max(0, (identifiers.totalCount ?? 0) - identifiers.nodes.length) + Math.max(0, (links.totalCount ?? 0) - links.nodes.length);
  return hidden > 0 ? ` ${plural(hidden, 'more identifier or link', 'more identifiers and links')} are not drawn.` : '';
}

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
