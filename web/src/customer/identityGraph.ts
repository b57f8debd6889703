// The identity graph as nodes and edges, and where they lie. The same facts always give the same picture.
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type SimulationLinkDatum, type SimulationNodeDatum } from 'd3-force';
import type { IdentityGraphQuery, LinkFragment } from '../api/generated';
import { count, day, money, moment, plain, plural } from '../app/words';

export type Facts = NonNullable<IdentityGraphQuery['customer']>;

export type GraphNode = SimulationNodeDatum & {
  id: string;
  shape: 'identifier' | 'other' | 'device' | 'order';
  title: string;
  subtitle: string;
  shared: boolean;
  /** For identifiers: what the API is asked with. */
  key: { kind: string; value: string } | null;
  /** For an identifier of somebody else: whose. */
  owner: { id: string; displayName: string | null } | null;
};

export type GraphEdge = SimulationLinkDatum<GraphNode> & {
  id: string;
  from: string;
  to: string;
  link: LinkFragment | null;
  /** The evidence in one sentence. */
  evidence: string;
};

export const WIDTH = 920;
export const HEIGHT = 520;
const TICKS = 300;

/** The moments at which a part of the graph was first seen, the earliest first. */
export function firstTimes(customer: Facts): string[] {
  const { identifiers, links, devices, orders } = customer;
  return [...new Set([
    ...identifiers.nodes.map(({ firstSeenAt }) => firstSeenAt), ...links.nodes.map(({ firstAt }) => firstAt),
    ...devices.nodes.map(({ firstSeenAt }) => firstSeenAt), ...orders.nodes.map(({ placedAt }) => placedAt),
  ])].sort();
}

/** What had been seen by a time. */
export function seenBy(customer: Facts, time: string): Facts {
  const { identifiers, links, devices, orders, ordering } = customer;
  const only = <Node,>(list: { nodes: Node[] }, at: (node: Node) => string) => ({ nodes: list.nodes.filter((node) => at(node) <= time) });
  const own = only(identifiers, ({ firstSeenAt }) => firstSeenAt);
  const seen = only(links, ({ firstAt }) => firstAt);
  return {
    ...customer,
    identifiers: { ...own, totalCount: own.nodes.length },
    links: { ...seen, totalCount: seen.nodes.length },
    devices: { ...devices, ...only(devices, ({ firstSeenAt }) => firstSeenAt) },
    orders: { ...orders, ...only(orders, ({ placedAt }) => placedAt) },
    ordering: only(ordering, ({ at }) => at),
  };
}

export function graphOf(customer: Facts): { nodes: GraphNode[]; edges: GraphEdge[] } {
  const nodes = new Map<string, GraphNode>();
  const edges: GraphEdge[] = [];
  const add = (node: Omit<GraphNode, 'index' | 'x' | 'y'>) => { if (!nodes.has(node.id)) nodes.set(node.id, node); };

  for (const { id, kind, value, shared } of customer.identifiers.nodes) {
    add({ id, shape: 'identifier', title: value, subtitle: plain(kind), shared, key: { kind, value }, owner: null });
  }
  for (const link of customer.links.nodes) {
    for (const { id, kind, value, shared, customer: owner } of [link.from, link.to]) {
      add({ id, shape: 'other', title: value, subtitle: plain(kind), shared, key: { kind, value }, owner });
    }
    edges.push({ id: link.id, source: link.from.id, target: link.to.id, from: link.from.id, to: link.to.id, link, evidence: evidenceOf(link) });
  }
  for (const device of customer.devices.nodes) {
    add({ id: device.id, shape: 'device', title: device.model ?? device.os ?? device.kind, subtitle: `${plain(device.kind)}`, shared: false, key: null, owner: null });
    for (const { id } of device.identifiers) {
      if (nodes.has(id)) edges.push({ id: `${device.id} ${id}`, source: device.id, target: id, from: device.id, to: id, link: null, evidence: `seen on this device, from ${day(device.firstSeenAt)} to ${day(device.lastSeenAt)}` });
    }
  }
  const orders = new Map(customer.orders.nodes.map((order) => [order.id, order]));
  for (const { identifier, order, at, messageId } of customer.ordering.nodes) {
    const placed = order && orders.get(order.id);
    if (!placed || !nodes.has(identifier.id)) continue;
    add({ id: placed.id, shape: 'order', title: placed.number, subtitle: `order, net ${money(placed.net)}`, shared: false, key: null, owner: null });
    const id = `${placed.id} ${identifier.id}`;
    if (!edges.some((edge) => edge.id === id)) edges.push({ id, source: placed.id, target: identifier.id, from: placed.id, to: identifier.id, link: null, evidence: `ordered ${moment(at)}, message ${messageId}` });
  }
  return { nodes: [...nodes.values()], edges };
}

/** "Seen together 3 times by email, …" or why it was refused. */
export function evidenceOf({ rule, count: times, firstAt, lastAt, source, messageId, refused }: LinkFragment): string {
  const when = times === 1 ? moment(firstAt) : `${moment(firstAt)} to ${moment(lastAt)}`;
  const seen = `seen together ${times === 1 ? 'once' : `${count(times)} times`}, rule ${plain(rule)}, ${when}, by ${source}, message ${messageId}`;
  return refused === null ? seen : `refused: ${refused}; ${seen}`;
}

/** Places for all nodes, without animation: d3's own start and random numbers are always the same. */
export function layOut(nodes: GraphNode[], edges: GraphEdge[]): Map<string, { x: number; y: number }> {
  const placed = nodes.map((node) => ({ ...node }));
  const simulation = forceSimulation(placed)
    .force('link', forceLink<GraphNode, GraphEdge>(edges.map((edge) => ({ ...edge }))).id(({ id }) => id).distance(110).strength(0.5))
    .force('charge', forceManyBody().strength(-760))
    .force('collide', forceCollide(62))
    .force('x', forceX(WIDTH / 2).strength(0.04))
    .force('y', forceY(HEIGHT / 2).strength(0.2))
    .stop();
  simulation.tick(TICKS);
  const xs = placed.map(({ x = 0 }) => x);
  const ys = placed.map(({ y = 0 }) => y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  // Into the picture, with room for names at the sides.
  const wide = Math.min((WIDTH - 180) / Math.max(1, right - left), 1.6);
  const high = Math.min((HEIGHT - 130) / Math.max(1, bottom - top), 1.6);
  return new Map(placed.map(({ id, x = 0, y = 0 }) => [id, {
    x: WIDTH / 2 + (x - (left + right) / 2) * wide,
    y: HEIGHT / 2 + (y - (top + bottom) / 2) * high,
  }]));
}

/** The picture in a sentence. */
export function summary(customer: Facts, nodes: GraphNode[], edges: GraphEdge[]): string {
  const refused = edges.filter(({ link }) => link && link.refused !== null).length;
  const shared = nodes.filter((node) => node.shared).length;
  const weakest = edges.filter(({ link }) => link && link.refused === null).sort((a, b) => (a.link?.count ?? 0) - (b.link?.count ?? 0))[0]?.link;
  return [
    plural(customer.identifiers.totalCount ?? customer.identifiers.nodes.length, 'identifier'),
    plural(customer.devices.nodes.length, 'device'),
    plural(refused, 'refused link'),
    ...(shared ? [`${shared} shared`] : []),
    ...(weakest ? [`the link with the fewest events is by ${plain(weakest.rule)} (${plural(weakest.count, 'event')})`] : []),
  ].join(', ') + '.';
}

/** The node that an arrow key goes to: the nearest one in that direction, a neighbour before a stranger. */
export function neighbour(at: string, key: string, places: Map<string, { x: number; y: number }>, edges: GraphEdge[]): string | null {
  const direction = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  const from = places.get(at);
  if (!direction || !from) return null;
  const [dx = 0, dy = 0] = direction;
  const linked = new Set(edges.flatMap(({ from, to }) => (from === at ? [to] : to === at ? [from] : [])));
  let best: string | null = null;
  let least = Infinity;
  for (const [id, { x, y }] of places) {
    const [vx, vy] = [x - from.x, y - from.y];
    const along = vx * dx + vy * dy;
    if (id === at || along <= 0) continue;
    const across = Math.abs(vx * dy - vy * dx);
    const distance = (along + 2 * across) * (linked.has(id) ? 0.5 : 1);
    if (distance < least) [best, least] = [id, distance];
  }
  return best;
}
