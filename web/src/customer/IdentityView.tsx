// The identity graph: what belongs together and why, as it was at any time, and how to split and merge.
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useAnswer } from '../api/client';
import { IdentityGraphDocument, IdentityHistoryDocument, WhyLinkedDocument, type IdentifierInput } from '../api/generated';
import { Problem, QueryLink, Twin, Waiting } from '../app/parts';
import { customerAt, Link, setParameters, useParameter } from '../app/router';
import { moment, plain, plural } from '../app/words';
import { Decide } from './Decide';
import { evidenceOf, graphOf, HEIGHT, layOut, neighbour, summary, WIDTH, type GraphEdge, type GraphNode } from './identityGraph';

export function IdentityView({ id, onChange }: { id: string; onChange: () => void }) {
  const [asOf] = useParameter('asOf');
  const variables = { id, ...(asOf && { asOf }) };
  const { data, trouble, loading, again } = useAnswer(IdentityGraphDocument, variables);
  const now = useAnswer(IdentityGraphDocument, asOf ? { id } : null);
  const history = useAnswer(IdentityHistoryDocument, { id });
  const [selected, setSelected] = useState<string[]>([]);
  const customer = data?.customer ?? null;
  const present = asOf ? now.data?.customer ?? null : customer;

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
  useEffect(() => setSelected([]), [asOf, id]);

  const done = () => { setSelected([]); again(); history.again(); onChange(); };
  const chosen = selected.flatMap((one) => graph?.nodes.find((node) => node.id === one) ?? []);
  const keys = chosen.flatMap(({ key }) => key ?? []);
  const toggle = (node: string) => setSelected((before) => (before.includes(node) ? before.filter((one) => one !== node) : [...before, node]));

  return (
    <>
      <TimeSlider history={history.data?.customer ?? null} asOf={asOf} />
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
            tools={<p className="note" aria-busy={loading}>{asOf ? `As of ${moment(asOf)}: ` : ''}{summary(customer, graph.nodes, graph.edges)}{cut(customer)}</p>}
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
      {customer && (asOf
        ? <p className="note">Split and merge work on the present. <button type="button" className="link" onClick={() => setParameters({ asOf: null })}>Go to the present</button></p>
        : <Decide id={id} identifiers={chosen.filter(({ shape }) => shape === 'identifier').flatMap(({ key }) => key ?? [])} done={done} />)}
      {history.data?.customer && <History events={history.data.customer.identityHistory.nodes} id={id} />}
    </>
  );
}

type Drawn = { nodes: GraphNode[]; edges: GraphEdge[]; selected: string[]; toggle: (id: string) => void };

function Picture({ nodes, edges, places, selected, toggle }: Drawn & { places: Map<string, { x: number; y: number }> }) {
  const [at, setAt] = useState('');
  const active = nodes.some(({ id }) => id === at) ? at : (nodes[0]?.id ?? '');
  const box = useRef<SVGSVGElement>(null);
  const node = nodes.find(({ id }) => id === active);
  const mine = edges.filter(({ from, to }) => from === active || to === active);
  const nameOf = (id: string) => { const one = nodes.find((node) => node.id === id); return one ? `${one.subtitle} ${one.title}` : ''; };
  const said = node ? `${sentence(node, selected.includes(active))} ${mine.map((edge, index) => `Edge ${index + 1} of ${mine.length}: to ${nameOf(edge.from === active ? edge.to : edge.from)}, ${edge.evidence}.`).join(' ')}` : '';
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' || event.key === ' ') toggle(active);
    else if (event.key === 'Home') setAt(nodes[0]?.id ?? '');
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
      <p className="note" id="graph-help">Arrows go from node to node, <kbd>Enter</kbd> selects. <span className="key dashed" aria-hidden="true" /> dashed: refused.</p>
      <svg
        ref={box} className="graph" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} tabIndex={0} role="application" aria-roledescription="graph"
        aria-label={`Identity graph: ${plural(nodes.length, 'node')}, ${plural(edges.length, 'edge')}`} aria-describedby="graph-help" onKeyDown={onKeyDown}
      >
        {edges.map((edge) => {
          const [a, b] = [places.get(edge.from), places.get(edge.to)];
          if (!a || !b) return null;
          const refused = edge.link !== null && edge.link.refused !== null;
          const lit = edge.from === active || edge.to === active || selected.includes(edge.from) || selected.includes(edge.to);
          return (
            <g key={edge.id} className={`edge${refused ? ' refused' : ''}${edge.link ? '' : ' soft'}${lit ? ' lit' : ''}`}>
              <line x1={a.x} y1={a.y} x2={b.x} y2={b.y} strokeWidth={edge.link ? 1.5 + Math.min(4, Math.log2(edge.link.count)) : 1} />
              <line className="hit" x1={a.x} y1={a.y} x2={b.x} y2={b.y}><title>{edge.evidence}</title></line>
              {refused && lit && <text className="reason" x={(a.x + b.x) / 2} y={(a.y + b.y) / 2 - 6} textAnchor="middle">refused: {short(edge.link?.refused ?? '', 34)}</text>}
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
              {one.shape === 'device' ? <rect x={-13} y={-10} width={26} height={20} rx={3} /> : one.shape === 'order' ? <path d="M0-13 13 0 0 13-13 0Z" /> : <circle r={13} />}
              {one.shared && <circle className="second" r={18} />}
              {one.id === active && <circle className="ring" r={22} />}
              <text y={31} textAnchor="middle">{short(one.title, 24)}</text>
              <text y={45} textAnchor="middle" className="sub">{one.subtitle}{one.owner && `, of ${one.owner.displayName ?? 'another customer'}`}</text>
            </g>
          );
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

/** The moments at which the identity changed; the last step is the present. */
function TimeSlider({ history, asOf }: { history: { createdAt: string; identityHistory: { nodes: HistoryEvent[] } } | null; asOf: string }) {
  const steps = useMemo(() => {
    const found = new Map<string, string[]>();
    for (const { at, kind } of history?.identityHistory.nodes ?? []) found.set(at, [...(found.get(at) ?? []), plain(kind)]);
    return [...found].sort(([a], [b]) => a.localeCompare(b));
  }, [history]);
  if (steps.length < 2) return null;
  const last = steps.length;
  const index = asOf ? Math.max(0, steps.findLastIndex(([at]) => at <= asOf)) : last;
  const step = steps[index];
  const words = step ? `${moment(step[0])}: ${[...new Set(step[1])].join(', ')}` : 'The present';
  return (
    <div className="slider">
      <label htmlFor="as-of">Time</label>
      <input
        id="as-of" type="range" min={0} max={last} step={1} value={index} aria-valuetext={words}
        onChange={(event) => setParameters({ asOf: steps[Number(event.target.value)]?.[0] ?? null })}
      />
      <output htmlFor="as-of">{words}</output>
      <span className="marks" aria-hidden="true">
        {steps.map(([at, kinds], n) => (kinds.some((kind) => ['merged', 'split', 'refused'].includes(kind)) ? <i key={at} className={kinds.find((kind) => kind !== 'linked' && kind !== 'created') ?? ''} style={{ insetInlineStart: `${(n / last) * 100}%` }} /> : null))}
      </span>
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
                <td><button type="button" className="link" aria-label={`Show the graph as of ${moment(event.at)}`} onClick={() => setParameters({ asOf: event.at })}>{moment(event.at)}</button></td>
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
