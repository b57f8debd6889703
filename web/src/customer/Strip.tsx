// The density strip: one lane for each channel, darker where more happened. Drag, or use the keyboard, to zoom in.
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { day, moment, plain, plural } from '../app/words';
import type { Touchpoint } from './useTouchpoints';

const LANE = 22;
const HEAD = 130;
const AXIS = 22;
const BUCKET = 4;

/** Numbers of touchpoints by channel, in buckets of equal width. */
export type Density = { since: string; until: string; lanes: { channel: string; counts: number[] }[] };

type Cell = { lane: number; bucket: number; count: number; mark: string; example: Touchpoint | null };
/** `density` is the whole of what `list` has only the newest of. */
type Props = { lanes: string[]; list: Touchpoint[]; density: Density | null; first: string | null; last: string | null; onZoom: (since: string | null, until: string | null) => void };

export function Strip({ lanes, list, density, first, last, onZoom }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const plot = Math.max(120, width - HEAD - 8);
  const times = useMemo(() => list.map(({ at }) => Date.parse(at)), [list]);
  const [from, to] = useMemo(() => {
    if (density) return [Date.parse(density.since), Date.parse(density.until)];
    const low = Math.min(first ? Date.parse(first) : Infinity, times.at(-1) ?? Infinity);
    const high = Math.max(last ? Date.parse(last) : -Infinity, times[0] ?? -Infinity);
    return high > low ? [low, high] : [low - 3_600_000, low + 3_600_000];
  }, [density, first, last, times]);
  const buckets = density?.lanes[0]?.counts.length ?? Math.max(20, Math.floor(plot / BUCKET));
  const cells = useMemo(() => {
    const cells = new Map<string, Cell>();
    density?.lanes.forEach(({ channel, counts }) => counts.forEach((count, bucket) => {
      const lane = lanes.indexOf(channel);
      if (lane >= 0 && count > 0) cells.set(`${lane} ${bucket}`, { lane, bucket, count, mark: '', example: null });
    }));
    list.forEach((one, index) => {
      const lane = lanes.indexOf(one.channel);
      const bucket = Math.min(buckets - 1, Math.floor((((times[index] ?? from) - from) / (to - from)) * buckets));
      if (lane < 0 || bucket < 0) return;
      const key = `${lane} ${bucket}`;
      const cell = cells.get(key) ?? { lane, bucket, count: 0, mark: '', example: one };
      if (!density) cell.count += 1;
      cell.example ??= one;
      if (one.kind === 'order' || one.kind === 'return') cell.mark = cell.mark === 'order' ? 'order' : one.kind;
      cells.set(key, cell);
    });
    return [...cells.values()].sort((a, b) => a.bucket - b.bucket || a.lane - b.lane);
  }, [list, density, lanes, times, from, to, buckets]);
  const most = Math.max(1, ...cells.map((cell) => cell.count));
  // Where an order is in every bucket, dots that touch would hide the lanes.
  const dot = cells.filter(({ mark }) => mark).length > lanes.length * 30 ? 2 : 4.5;
  const [at, setAt] = useState(-1);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const focused = cells[Math.min(at, cells.length - 1)];
  const height = lanes.length * LANE + AXIS;
  const xOf = (time: number) => HEAD + ((time - from) / (to - from)) * plot;
  const timeAt = (x: number) => from + Math.max(0, Math.min(1, (x - HEAD) / plot)) * (to - from);
  const iso = (time: number) => new Date(time).toISOString();
  const bucketStart = (bucket: number) => from + (bucket / buckets) * (to - from);

  const zoom = (a: number, b: number) => {
    const [low, high] = a < b ? [a, b] : [b, a];
    onZoom(iso(low), iso(high + 1));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const lane = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt(Math.max(0, Math.min(cells.length - 1, at + step)));
    else if (lane && focused) {
      // The nearest mark of the next lane that has one.
      for (let next = focused.lane + lane; next >= 0 && next < lanes.length; next += lane) {
        const [nearest] = cells.filter((cell) => cell.lane === next).sort((a, b) => Math.abs(a.bucket - focused.bucket) - Math.abs(b.bucket - focused.bucket));
        if (nearest) { setAt(cells.indexOf(nearest)); break; }
      }
    } else if (event.key === 'Home') setAt(0);
    else if (event.key === 'End') setAt(cells.length - 1);
    else if (event.key === 'Enter' || event.key === '+') {
      const middle = focused ? bucketStart(focused.bucket + 0.5) : (from + to) / 2;
      zoom(Math.max(from, middle - (to - from) / 8), Math.min(to, middle + (to - from) / 8));
    } else if (event.key === 'Escape' || event.key === '-') onZoom(null, null);
    else return;
    event.preventDefault();
  };
  const place = (event: PointerEvent<SVGSVGElement>) => timeAt(event.clientX - event.currentTarget.getBoundingClientRect().left);
  const said = focused ? `${plain(lanes[focused.lane] ?? '')}, ${moment(bucketStart(focused.bucket))}: ${plural(focused.count, 'touchpoint')}${focused.example ? `, such as ${focused.example.name}` : ''}${focused.mark ? `, with ${focused.mark === 'order' ? 'an order' : 'a return'}` : ''}` : '';

  return (
    <div ref={box} className="strip">
      <p className="note" id="strip-help">Drag over the lanes to zoom, <kbd>←</kbd> <kbd>→</kbd> <kbd>↑</kbd> <kbd>↓</kbd> move between marks, <kbd>Enter</kbd> zooms in, <kbd>Esc</kbd> shows all. ● is an order, ○ a return.{density && ' Only touchpoints that are loaded have these two marks.'}</p>
      <svg
        width={width} height={height} tabIndex={0} role="application" aria-roledescription="density strip"
        aria-label={`Touchpoints of ${plural(lanes.length, 'channel')} from ${day(from)} to ${day(to)}`} aria-describedby="strip-help"
        onKeyDown={onKeyDown}
        onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); const time = place(event); setDrag([time, time]); }}
        onPointerMove={(event) => { if (drag) setDrag([drag[0], place(event)]); }}
        onPointerUp={() => { if (drag && Math.abs(xOf(drag[0]) - xOf(drag[1])) > 6) zoom(...drag); setDrag(null); }}
        onPointerCancel={() => setDrag(null)}
      >
        {lanes.map((lane, index) => (
          <g key={lane}>
            <rect x={HEAD} y={index * LANE + 1} width={plot} height={LANE - 2} className="lane" />
            <text x={HEAD - 8} y={index * LANE + LANE / 2} textAnchor="end" dominantBaseline="central">{plain(lane)}</text>
          </g>
        ))}
        {cells.map((cell) => {
          const x = HEAD + (cell.bucket / buckets) * plot;
          const y = cell.lane * LANE;
          return (
            <g key={`${cell.lane} ${cell.bucket}`}>
              <rect x={x} y={y + 3} width={Math.max(2.5, plot / buckets - 0.5)} height={LANE - 6} className="mark" style={{ opacity: 0.45 + 0.55 * Math.sqrt(cell.count / most) }} />
              {cell.mark && <circle cx={x + 2} cy={y + LANE / 2} r={dot} className={cell.mark} />}
            </g>
          );
        })}
        {ticks(from, to).map(({ time, text }) => (
          <g key={time} className="tick">
            <line x1={xOf(time)} x2={xOf(time)} y1={0} y2={lanes.length * LANE + 4} />
            <text x={xOf(time)} y={height - 5} textAnchor="middle">{text}</text>
          </g>
        ))}
        {focused && <rect className="focused" x={HEAD + (focused.bucket / buckets) * plot - 3} y={focused.lane * LANE} width={plot / buckets + 6} height={LANE} rx={3} />}
        {drag && <rect className="brush" x={Math.min(xOf(drag[0]), xOf(drag[1]))} y={0} width={Math.abs(xOf(drag[0]) - xOf(drag[1]))} height={lanes.length * LANE} />}
      </svg>
      <p className="spoken" role="status">{drag ? `${moment(Math.min(...drag))} to ${moment(Math.max(...drag))}` : said}</p>
    </div>
  );
}

/** At most eight round moments: years, months, days or hours (in UTC, as the API counts). */
function ticks(from: number, to: number): { time: number; text: string }[] {
  const steps: [number, 'year' | 'month' | 'day' | 'hour'][] = [[1, 'hour'], [6, 'hour'], [1, 'day'], [7, 'day'], [1, 'month'], [3, 'month'], [1, 'year'], [5, 'year']];
  const hours = { year: 8766, month: 730.5, day: 24, hour: 1 };
  const [every, unit] = steps.find(([n, unit]) => (to - from) / (n * hours[unit] * 3_600_000) <= 8) ?? [20, 'year'];
  const start = new Date(from);
  const found: { time: number; text: string }[] = [];
  for (let n = 0; n < 400 && found.length < 10; n++) {
    const [year, month, date, hour] = [start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate(), start.getUTCHours()];
    const time = unit === 'year' ? Date.UTC(Math.ceil(year / every) * every + n * every, 0) : unit === 'month' ? Date.UTC(year, Math.floor(month / every) * every + n * every)
      : unit === 'day' ? Date.UTC(year, month, date + n * every) : Date.UTC(year, month, date, Math.floor(hour / every) * every + n * every);
    if (time > to) break;
    if (time < from) continue;
    const text = unit === 'year' ? { year: 'numeric' as const } : unit === 'month' ? { year: 'numeric' as const, month: 'short' as const } : unit === 'day' ? { day: 'numeric' as const, month: 'short' as const } : { day: 'numeric' as const, hour: 'numeric' as const };
    found.push({ time, text: new Intl.DateTimeFormat(undefined, { ...text, timeZone: 'UTC' }).format(time) });
  }
  return found;
}

function useWidth(box: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(800);
  useEffect(() => {
    if (!box.current) return;
    const watch = new ResizeObserver(([entry]) => { if (entry) setWidth(entry.contentRect.width); });
    watch.observe(box.current);
    return () => watch.disconnect();
  }, [box]);
  return width;
}
