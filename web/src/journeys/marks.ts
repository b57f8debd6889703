// Where an arrow key leads in a picture: to the nearest mark of its grid, and in a flow along the edges.

export function next(marks: SVGGElement[], at: number, key: string): number {
  const own = marks[at]?.dataset;
  if (!own) return at;
  const find = (name: string, value: string | undefined) => marks.findIndex(({ dataset }) => value !== undefined && dataset[name] === value);
  if (key === 'ArrowRight' || key === 'ArrowLeft') {
    const ahead = key === 'ArrowRight';
    // From a node to its first edge, from an edge to the node at its end.
    const edge = find(ahead ? 'from' : 'to', own['id']);
    if (edge >= 0) return edge;
    const node = find('id', own[ahead ? 'to' : 'from']);
    if (node >= 0) return node;
  }
  const [x, y] = [Number(own['x']), Number(own['y'])];
  let best = at;
  let least = Infinity;
  marks.forEach(({ dataset }, place) => {
    const [dx, dy] = [Number(dataset['x']) - x, Number(dataset['y']) - y];
    const [along, aside] = key === 'ArrowRight' ? [dx, dy] : key === 'ArrowLeft' ? [-dx, dy] : key === 'ArrowDown' ? [dy, dx] : [-dy, dx];
    // What lies in the direction is nearer than what lies beside it. A flow stays in its column.
    const distance = along + 1_000 * Math.abs(aside);
    if (along > 0 && distance < least) [best, least] = [place, distance];
  });
  return best;
}
