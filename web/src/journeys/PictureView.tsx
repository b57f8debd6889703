// A picture as the server draws it, with its table. The table, the query and the change number come from the picture
// itself, so that they cannot differ from it.
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { usePicture } from '../api/client';
import { Problem, Twin, Waiting } from '../app/parts';
import { Link, playgroundAt } from '../app/router';
import { count, plain } from '../app/words';
import { csvOf, download, pngOf } from './files';
import { cellOf, titleOf } from './cells';
import { next } from './marks';

export type Metadata = {
  picture: string;
  query: string;
  variables: object;
  changeNumber: number;
  table: { head: string[]; rows: unknown[][]; totals: [string, unknown][] };
  unknownValues: string[];
};

type Props = {
  id: string;
  title: string;
  picture: string;
  variables: object;
  /** Opens what is behind a row's figure. */
  open?: (row: Record<string, unknown>, column: string) => void;
  /** The columns that `open` takes. */
  opens?: string[];
};

export function PictureView({ id, title, picture, variables, open, opens = [] }: Props) {
  const { data, trouble, loading, again } = usePicture(picture, variables);
  const read = useMemo(() => (data === null ? null : parse(data)), [data]);
  if (trouble) return <Problem trouble={trouble} again={again} />;
  if (!read || !data) return <Waiting />;
  const { metadata } = read;
  const name = `${picture}-${metadata.changeNumber}`;
  const rowOf = (row: number) => Object.fromEntries(metadata.table.head.map((column, at) => [column, metadata.table.rows[row]?.[at]]));
  return (
    <div aria-busy={loading} className={loading ? 'stale' : undefined}>
      <Twin
        id={id}
        title={title}
        query={(
          <>
            <button type="button" className="quiet" onClick={() => download(`${name}.csv`, 'text/csv', csvOf(metadata.table))}>CSV</button>
            <button type="button" className="quiet" onClick={() => download(`${name}.svg`, 'image/svg+xml', data)}>SVG</button>
            <button type="button" className="quiet" onClick={() => void pngOf(data).then((png) => download(`${name}.png`, 'image/png', png))}>PNG</button>
            <Link className="quiet" to={playgroundAt(metadata.query, metadata.variables)}>Query</Link>
          </>
        )}
        tools={<Summary text={read.summary} metadata={metadata} />}
        picture={<Picture svg={read.svg} label={`${title}: ${read.summary}`} open={(mark) => {
          const row = Number(mark['row']);
          if (open && mark['row'] !== undefined) open(rowOf(row), mark['kind'] ?? '');
        }} canOpen={opens.length > 0} />}
        table={<Table title={title} table={metadata.table} opens={opens} open={(row, column) => open?.(rowOf(row), column)} />}
      />
    </div>
  );
}

function Summary({ text, metadata: { unknownValues, changeNumber } }: { text: string; metadata: Metadata }) {
  return (
    <>
      <p className="note">{text} <small>As of change {count(changeNumber)}.</small></p>
      {unknownValues.length > 0 && (
        <p className="warn">No touchpoint has the value {unknownValues.map((value) => `“${value}”`).join(', ')}. Is it misspelled? Values that occur are offered in the field.</p>
      )}
    </>
  );
}

/** One stop for Tab; arrows go from mark to mark, along the edges of a flow. */
function Picture({ svg, label, open, canOpen }: { svg: SVGSVGElement; label: string; open: (mark: DOMStringMap) => void; canOpen: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(-1);
  const marks = useMemo(() => [...svg.querySelectorAll<SVGGElement>('g.mark')], [svg]);
  const current = marks[Math.min(at, marks.length - 1)];
  useEffect(() => { box.current?.replaceChildren(svg); setAt(-1); }, [svg]);
  useEffect(() => {
    for (const mark of marks) mark.classList.toggle('at', mark === current);
    const [field, place] = [box.current, current?.getBoundingClientRect()];
    if (!field || !place) return;
    const seen = field.getBoundingClientRect();
    if (place.left < seen.left || place.right > seen.right) field.scrollLeft += place.left - seen.left - seen.width / 3;
    if (place.top < 0 || place.bottom > innerHeight) current?.scrollIntoView({ block: 'center', inline: 'nearest' });
  }, [marks, current]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (marks.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' || event.key === ' ') {
      if (!current) return;
      open(current.dataset);
    } else if (event.key === 'Home') setAt(0);
    else if (event.key === 'End') setAt(marks.length - 1);
    else if (event.key.startsWith('Arrow')) setAt(current ? next(marks, marks.indexOf(current), event.key) : first(marks));
    else return;
    event.preventDefault();
  };
  const said = current?.querySelector('title')?.textContent ?? '';
  return (
    <>
      <p className="note" id={`help-${marks.length}`}>Arrows go through the picture{canOpen && <>, <kbd>Enter</kbd> opens the people</>}, <kbd>T</kbd> shows the table.</p>
      <div
        ref={box} className="picture" tabIndex={0} role="application" aria-roledescription="picture" aria-label={label} aria-describedby={`help-${marks.length}`}
        onKeyDown={onKeyDown}
        onClick={(event) => {
          const mark = (event.target as Element).closest<SVGGElement>('g.mark');
          if (!mark) return;
          setAt(marks.indexOf(mark));
          open(mark.dataset);
        }}
      />
      <p className="spoken" role="status">{said}</p>
    </>
  );
}

/** The mark at the left top. */
function first(marks: SVGGElement[]): number {
  return marks.findIndex(({ dataset }) => dataset['x'] === '0' && dataset['y'] === '0');
}

function Table({ title, table, opens, open }: { title: string; table: Metadata['table']; opens: string[]; open: (row: number, column: string) => void }) {
  const cell = (row: number, column: string, value: unknown): ReactNode => {
    const text = cellOf(column, value);
    if (!opens.includes(column) || value === 0) return text;
    return <button type="button" className="link" aria-label={`${text} ${plain(column)}: show the customers`} onClick={() => open(row, column)}>{text}</button>;
  };
  // A column that is empty throughout says nothing.
  const shown = table.head.map((column, at) => [column, at] as const).filter(([, at]) => table.rows.some((row) => row[at] !== null && row[at] !== undefined));
  return (
    <div className="scroll" tabIndex={0} role="group" aria-label={`${title} as a table`}>
      <table>
        <caption>{table.totals.map(([name, value]) => `${titleOf(name)} ${cellOf(name, value)}`).join(', ') || title}</caption>
        <thead><tr>{shown.map(([column]) => <th key={column} scope="col">{titleOf(column)}</th>)}</tr></thead>
        <tbody>
          {table.rows.map((row, number) => (
            <tr key={number}>{shown.map(([column, at]) => <td key={column} className={typeof row[at] === 'number' ? 'number' : undefined}>{cell(number, column, row[at])}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function parse(text: string): { svg: SVGSVGElement; summary: string; metadata: Metadata } {
  const read = new DOMParser().parseFromString(text, 'image/svg+xml');
  const svg = document.importNode(read.documentElement, true) as unknown as SVGSVGElement;
  return {
    svg,
    summary: svg.querySelector('desc')?.textContent ?? '',
    metadata: JSON.parse(svg.querySelector('metadata')?.textContent ?? '{}') as Metadata,
  };
}
