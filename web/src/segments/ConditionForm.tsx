// A condition as a form: a line for each condition, groups within groups, and the fields of the schema's input types. What
// is shown is the condition itself, so the form and its JSON are two views of one value.
import { createContext, useContext, useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { CustomerCondition } from '../api/generated';
import { count } from '../app/words';
import { at, emptyOf, isLeaf, isParts, nearest, nodeOf, ROOT, startOf, withPart, type Fault, type Field, type Path } from './edit';
import { useOccurring, type Occurring } from './occurring';
import { ENUMS, INPUTS } from './shape';
import { choiceLabel, fieldLabel, TOOLS } from './labels';

/** What a line means alone and in its list, of the trial. */
export type LineFigures = { path: string; sentence: string; alone: number; without: number };

type Focus = { path: Path; part?: string };
type Editing = {
  root: CustomerCondition;
  /** Sets the part at a path, `undefined` takes it away; then the keyboard goes on at `focus`. */
  edit: (path: Path, part: unknown, focus?: Focus) => void;
  faults: Map<string, Fault[]>;
  lines: Map<string, LineFigures>;
  occurring: Occurring;
};

const Context = createContext<Editing | null>(null);

function useEditing(): Editing {
  const editing = useContext(Context);
  if (!editing) throw new Error('a part of the form is outside of it');
  return editing;
}

type FormProps = { condition: CustomerCondition; change: (next: CustomerCondition) => void; faults: Fault[]; lines: LineFigures[] };

export function ConditionForm({ condition, change, faults, lines }: FormProps) {
  const box = useRef<HTMLDivElement>(null);
  const next = useRef<Focus | null>(null);
  const occurring = useOccurring();
  useEffect(() => {
    const focus = next.current;
    next.current = null;
    if (!focus) return;
    const place = box.current?.querySelector(`[data-path="${CSS.escape(focus.path.join('.'))}"]`);
    const parts = focus.part ? [...(place?.querySelectorAll<HTMLElement>(`[data-part="${focus.part}"]`) ?? [])] : [];
    // What adds to a part stands after the parts in it; all else of it stands before them.
    const part = focus.part && ['add', 'another', 'more'].includes(focus.part) ? parts.at(-1) : parts[0];
    (part ?? place?.querySelector<HTMLElement>('[data-fields] :is(input, select)') ?? place?.querySelector<HTMLElement>('input[type="text"], select, button'))?.focus();
  }, [condition]);
  const placed = new Map<string, Fault[]>();
  for (const fault of faults) {
    const { path, rest } = nearest(condition, fault.path);
    // A field of a part may be shown although it is empty.
    const shown = rest !== '' && !rest.includes('.') && showsEmpty(condition, path, rest) ? fault.path : path;
    const message = shown === fault.path ? fault.message : `${rest}: ${fault.message}`;
    placed.set(shown, [...(placed.get(shown) ?? []), { ...fault, message }]);
  }
  const edit = (path: Path, part: unknown, focus?: Focus) => {
    next.current = focus ?? null;
    change(withPart(condition, path, part) as CustomerCondition);
  };
  // Enter within a condition does not save the segment.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && event.target instanceof HTMLInputElement) event.preventDefault();
  };
  const root = nodeOf(condition, []);
  return (
    <Context value={{ root: condition, edit, faults: placed, lines: new Map(lines.map((line) => [line.path, line])), occurring }}>
      <div ref={box} className="condition" role="group" aria-label="Condition" onKeyDown={onKeyDown}>
        <Node path={[]} />
        {root?.key !== 'all' && root?.key !== 'any' && <Adder label="Add a line to it" add={(line) => edit([], { all: [condition, line] }, { path: ['all', 1] })} />}
        {occurring.lists}
      </div>
    </Context>
  );
}

/** A condition: a group, a line, or something that has no form. */
function Node({ path }: { path: Path }) {
  const { root, edit } = useEditing();
  const onKeyDown = useMoves(path);
  const value = at(root, path);
  const node = nodeOf(value, path);
  if (!node) {
    return (
      <div className="cond" data-path={path.join('.')} role="group" aria-label="A part that this form cannot show">
        <p className="note">This part has no form. It stays as it is; change it in the JSON.</p>
        <pre>{JSON.stringify(value)}</pre>
        <Faults path={path} />
        <Tools path={path} label="this part" />
      </div>
    );
  }
  const inner = [...node.path, node.key];
  const label = choiceLabel(node.key);
  const not = (
    <label className="not">
      <input type="checkbox" data-part="not" checked={node.nots > 0} onChange={() => edit(path, node.nots > 0 ? at(root, [...path, 'not']) : { not: value }, { path, part: 'not' })} />
      not{node.nots > 1 && `, ${node.nots} times`}
    </label>
  );
  const places = Array.from({ length: node.nots }, (_, index) => [...path, ...Array<string>(index).fill('not')]);
  if ((node.key === 'all' || node.key === 'any') && Array.isArray(at(root, inner))) {
    return <Group path={path} inner={inner} not={not} places={[...places, node.path]} />;
  }
  return (
    <div className={node.nots % 2 ? 'cond negated' : 'cond'} data-path={path.join('.')} role="group" aria-label={`${node.nots % 2 ? 'not ' : ''}${label}`} onKeyDown={onKeyDown}>
      <div className="cond-head">{not}<strong>{label}</strong><Tools path={path} label={label} /></div>
      <Figures path={path} />
      {[...places, node.path].map((place) => <Faults key={place.join('.')} path={place} />)}
      <div data-fields="">
        {node.key === 'all' || node.key === 'any' ? <pre>{JSON.stringify(at(root, inner))}</pre> : <Part type={ROOT} field={fieldOf(node.key)} path={inner} bare />}
      </div>
    </div>
  );
}

function Group({ path, inner, not, places }: { path: Path; inner: Path; not: ReactNode; places: Path[] }) {
  const { root, edit } = useEditing();
  const key = String(inner.at(-1));
  const list = at(root, inner) as unknown[];
  const id = useId();
  const says = key === 'all' ? 'all of these fit' : 'at least one of these fits';
  const parent = path.slice(0, -1);
  const inList = typeof path.at(-1) === 'number';
  return (
    <div className="cond group" data-path={path.join('.')} role="group" aria-label={`Group: ${says}`} onKeyDown={useMoves(path)}>
      <div className="cond-head">
        {not}
        <select aria-label="How the lines of the group count" data-part="kind" value={key} onChange={(event) => edit(inner.slice(0, -1), { [event.target.value]: list }, { path, part: 'kind' })}>
          <option value="all">all of these fit</option>
          <option value="any">at least one of these fits</option>
        </select>
        {inList && inner.length === path.length + 1 && (
          <button type="button" className="quiet" onClick={() => {
            const outer = at(root, parent) as unknown[];
            edit(parent, outer.toSpliced(Number(path.at(-1)), 1, ...list), { path: list.length > 0 ? path : parent.slice(0, -1), ...(list.length === 0 && { part: 'add' }) });
          }}>Dissolve the group</button>
        )}
        <Tools path={path} label={`the group “${says}”`} />
      </div>
      <Figures path={path} />
      {places.map((place) => <Faults key={place.join('.')} path={place} />)}
      <Faults path={inner} />
      {list.length === 0 ? <p className="note">No line yet: {key === 'all' ? 'every customer fits.' : 'no customer fits.'}</p> : (
        <ol aria-labelledby={id}>
          {list.map((_, index) => <li key={index}><Node path={[...inner, index]} /></li>)}
        </ol>
      )}
      <span id={id} hidden>{says}</span>
      <Adder label={path.length === 0 ? 'Add a line' : 'Add a line to this group'} add={(line) => edit(inner, [...list, line], { path: [...inner, list.length] })} />
    </div>
  );
}

function Adder({ label, add }: { label: string; add: (line: CustomerCondition) => void }) {
  const fields = INPUTS[ROOT]?.fields.filter(({ name }) => name !== 'not') ?? [];
  const [kind, setKind] = useState('trait');
  const id = useId();
  const field = fields.find(({ name }) => name === kind);
  return (
    <p className="adder">
      <label htmlFor={id}>{label}</label>{' '}
      <select id={id} data-part="add" value={kind} onChange={(event) => setKind(event.target.value)}>
        {fields.toSorted((a, b) => Number(isGroup(a.name)) - Number(isGroup(b.name))).map(({ name }) => <option key={name} value={name}>{choiceLabel(name)}</option>)}
      </select>{' '}
      <button type="button" onClick={() => { if (field) add({ [field.name]: startOf(ROOT, field) } as CustomerCondition); }}>Add</button>
      {field && <> <small>{field.about}</small></>}
    </p>
  );
}

/** Move, group and take away a condition. */
function Tools({ path, label }: { path: Path; label: string }) {
  const { root, edit } = useEditing();
  const move = useMove(path);
  const last = path.at(-1);
  const outer = path.slice(0, -2);
  return (
    <span className="tools">
      {typeof last === 'number' && (
        <>
          <button type="button" className="quiet" data-part="up" title={TOOLS.up} aria-label={`Move up: ${label}`} onClick={() => move(-1, 'up')}>↑</button>
          <button type="button" className="quiet" data-part="down" title={TOOLS.down} aria-label={`Move down: ${label}`} onClick={() => move(1, 'down')}>↓</button>
        </>
      )}
      <button type="button" className="quiet" data-part="group" title={TOOLS.group} aria-label={`Put into a group: ${label}`} onClick={() => edit(path, { any: [at(root, path)] }, { path, part: 'kind' })}>Group</button>
      {typeof last === 'number'
        ? <button type="button" className="quiet" title={TOOLS.remove} aria-label={`Take away: ${label}`} onClick={() => edit(path, undefined, { path: outer, part: 'add' })}>✕</button>
        : path.length === 0 && <button type="button" className="quiet" title={TOOLS.clear} aria-label={`Take away: ${label}`} onClick={() => edit([], { all: [] }, { path: [], part: 'add' })}>✕</button>}
    </span>
  );
}

/** Moves the condition at a path within its list. */
function useMove(path: Path): (by: number, part?: string) => void {
  const { root, edit } = useEditing();
  return (by, part) => {
    const index = path.at(-1);
    const parent = path.slice(0, -1);
    const list = at(root, parent);
    if (typeof index !== 'number' || !Array.isArray(list)) return;
    const to = Math.min(list.length - 1, Math.max(0, index + by));
    edit(parent, list.toSpliced(index, 1).toSpliced(to, 0, list[index]), { path: [...parent, to], part: part ?? 'not' });
  };
}

/** Alt and an arrow move a line. In a list to choose from they open it. */
function useMoves(path: Path): (event: KeyboardEvent) => void {
  const move = useMove(path);
  return (event) => {
    if (event.target instanceof HTMLSelectElement || !event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') || typeof path.at(-1) !== 'number') return;
    event.preventDefault();
    event.stopPropagation();
    move(event.key === 'ArrowUp' ? -1 : 1);
  };
}

function Figures({ path }: { path: Path }) {
  const line = useEditing().lines.get(path.join('.'));
  if (!line) return null;
  return <p className="note line-figures">{line.sentence}: <b>{count(line.alone)}</b> fit this line alone, <b>{count(line.without)}</b> would fit without it.</p>;
}

/** A field of an input type: one value or a list, of a leaf or of an input type. */
function Part({ type, field, path, bare }: { type: string; field: Field; path: Path; bare?: boolean }) {
  const { root } = useEditing();
  const value = at(root, path);
  const label = fieldLabel(type, field.name);
  if (field.list) {
    if (value !== undefined && !Array.isArray(value)) return <Unknown path={path} label={label} />;
    if (ENUMS[field.type]) return <Choices type={field.type} path={path} label={label} />;
    return isLeaf(field.type) ? <Values type={type} field={field} path={path} label={label} {...(bare && { bare })} /> : <Items field={field} path={path} label={label} />;
  }
  if (isLeaf(field.type)) return <Leaf type={type} field={field} path={path} label={label} {...(bare && { bare })} />;
  if (field.type === ROOT) return <div role="group" aria-label={label}>{!bare && <span className="legend">{label}</span>}<Node path={path} /></div>;
  if (!isParts(value)) return <Unknown path={path} label={label} />;
  if (bare) return <Inputs type={field.type} path={path} />;
  return (
    <div className="part" role="group" aria-label={label} data-path={path.join('.')} data-fields="">
      <span className="legend">{label}</span>
      <Inputs type={field.type} path={path} />
    </div>
  );
}

function Unknown({ path, label }: { path: Path; label: string }) {
  const { root } = useEditing();
  return <div data-path={path.join('.')}><p className="note">{label}: this value has no form. Change it in the JSON.</p><pre>{JSON.stringify(at(root, path))}</pre><Faults path={path} /></div>;
}

/** Fields without an effect in a condition. They are shown when they are there. */
const NOT_OFFERED = new Set(['StepInput.label']);

/** The fields of an input type that are required or given, and the others to add. */
function Inputs({ type, path }: { type: string; path: Path }) {
  const { root, edit } = useEditing();
  const shape = INPUTS[type];
  const value = at(root, path);
  const [more, setMore] = useState('');
  const kept = useRef<Record<string, unknown>>({});
  const id = useId();
  if (!shape || !isParts(value)) return null;
  const unknown = Object.keys(value).filter((key) => !shape.fields.some(({ name }) => name === key));
  if (shape.oneOf) {
    const [key, ...others] = Object.keys(value);
    const field = shape.fields.find(({ name }) => name === key);
    if (others.length > 0 || unknown.length > 0) return <Unknown path={path} label={fieldLabel('', String(path.at(-1)))} />;
    return (
      <div className="one-of">
        <select aria-label={`What ${fieldLabel('', String(path.at(-1)))} is about`} data-part="key" value={key ?? ''} onChange={(event) => {
          const chosen = shape.fields.find(({ name }) => name === event.target.value);
          if (!chosen) return;
          // Another choice and back again keeps what was written.
          if (key) kept.current[key] = value[key];
          edit(path, { [chosen.name]: kept.current[chosen.name] ?? startOf(type, chosen) });
        }}>
          {!field && <option value="">choose …</option>}
          {shape.fields.map(({ name, about }) => <option key={name} value={name} title={about}>{fieldLabel(type, name)}</option>)}
        </select>
        {field && <Part type={type} field={field} path={[...path, field.name]} bare />}
        <Faults path={path} />
      </div>
    );
  }
  const flat = shape.fields.every((field) => isLeaf(field.type));
  const always = (field: Field) => field.required || (flat && !field.list);
  const shown = shape.fields.filter((field) => always(field) || value[field.name] !== undefined);
  const others = shape.fields.filter((field) => !shown.includes(field) && !NOT_OFFERED.has(`${type}.${field.name}`));
  const chosen = others.find(({ name }) => name === more) ?? others[0];
  return (
    <div className="inputs">
      {shown.map((field) => {
        const place = [...path, field.name];
        return (
          <div key={field.name} className={isLeaf(field.type) && !field.list ? 'input' : 'input wide'}>
            <Part type={type} field={field} path={place} />
            {!always(field) && <button type="button" className="quiet" aria-label={`Take away: ${fieldLabel(type, field.name)}`} onClick={() => edit(place, undefined, { path, part: 'more' })}>✕</button>}
          </div>
        );
      })}
      {unknown.length > 0 && <p className="warn">The form does not know {unknown.map((key) => `“${key}”`).join(', ')}. It stays as it is; change it in the JSON.</p>}
      <Faults path={path} />
      {chosen && (
        <p className="adder" data-path={path.join('.')}>
          <label htmlFor={id}>Narrow it</label>{' '}
          <select id={id} data-part="more" value={chosen.name} onChange={(event) => setMore(event.target.value)}>
            {others.map((field) => <option key={field.name} value={field.name}>{fieldLabel(type, field.name)}</option>)}
          </select>{' '}
          <button type="button" className="quiet" aria-label={`Add: ${fieldLabel(type, chosen.name)}`} onClick={() => edit([...path, chosen.name], startOf(type, chosen), { path: [...path, chosen.name] })}>Add</button>
          {' '}<small>{chosen.about}</small>
        </p>
      )}
    </div>
  );
}

/** One value in one field. Empty takes it away where it may be left out. */
function Leaf({ type, field, path, label, bare }: { type: string; field: Field; path: Path; label: string; bare?: boolean }) {
  const { root, edit } = useEditing();
  const id = useId();
  const value = at(root, path);
  const faults = useFaults(path);
  const list = useList(type, field, path);
  const optional = !field.required && !bare;
  const set = (next: unknown) => edit(path, next === '' && optional ? undefined : next);
  const wrong = { 'aria-invalid': faults.some(({ missing }) => !missing), ...(faults.length > 0 && { 'aria-describedby': `${id}-wrong` }) };
  const named = bare ? { 'aria-label': label } : {};
  const choices = field.type === 'Boolean' ? [{ name: 'true', label: 'yes' }, { name: 'false', label: 'no' }] : ENUMS[field.type]?.map(({ name }) => ({ name, label: choiceLabel(name) }));
  return (
    <div className="leaf" data-path={path.join('.')} data-fields="">
      {!bare && <label htmlFor={id}>{label}</label>}
      {choices ? (
        <select id={id} {...named} {...wrong} value={value === undefined ? '' : String(value)} onChange={(event) => set(field.type === 'Boolean' && event.target.value !== '' ? event.target.value === 'true' : event.target.value)}>
          {(optional || value === undefined) && <option value="">{field.start === undefined ? 'any' : `as usual: ${choiceLabel(String(field.start))}`}</option>}
          {value !== undefined && !choices.some(({ name }) => name === String(value)) && <option value={String(value)}>{String(value)}</option>}
          {choices.map((one) => <option key={one.name} value={one.name}>{one.label}</option>)}
        </select>
      ) : field.type === 'Duration' ? <Length id={id} label={label} value={value} set={set} wrong={wrong} />
        : <Scalar id={id} {...named} {...wrong} type={field.type} value={value} set={set} list={list} placeholder={field.start === undefined ? EXAMPLES[field.type] : String(field.start)} />}
      <Faults path={path} id={`${id}-wrong`} />
    </div>
  );
}

const EXAMPLES: Record<string, string> = { DateTime: '2026-01-31T09:30:00Z' };

type ScalarProps = { id?: string; type: string; value: unknown; set: (value: unknown) => void; list: string | undefined; placeholder?: string | undefined; onEnter?: () => void; onEmptied?: () => void };

/** A text, or a number. What is no number stays as it was typed. */
function Scalar({ type, value, set, list, placeholder, onEnter, onEmptied, ...rest }: ScalarProps) {
  // The field shows the text as it was typed until the person leaves the field: the value of "0." is the number 0.
  const [typed, setTyped] = useState<string | null>(null);
  const numeric = type === 'Int' || type === 'Float' || type === 'Long' || type === 'Decimal';
  const change = (text: string) => {
    setTyped(text);
    const number = type === 'Int' || type === 'Long' ? (/^-?\d{1,15}$/.test(text.trim()) ? Number(text) : null)
      : type === 'Float' ? (/^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : null) : null;
    set(number ?? text);
  };
  return (
    <input
      {...rest} type="text" value={typed ?? (value === undefined ? '' : String(value))} {...(list && { list })} {...(placeholder && { placeholder })} {...(numeric && { inputMode: 'decimal' as const, className: 'figure' })}
      autoComplete="off" spellCheck={false} onChange={(event) => change(event.target.value)} onBlur={() => setTyped(null)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onEnter?.();
        if (event.key === 'Backspace' && event.currentTarget.value === '' && onEmptied) { event.preventDefault(); onEmptied(); }
      }}
    />
  );
}

const UNITS = [['M', 'minutes'], ['H', 'hours'], ['D', 'days'], ['W', 'weeks']] as const;

/** A duration: an amount and a unit where it is so simple, else its text. */
function Length({ id, label, value, set, wrong }: { id: string; label: string; value: unknown; set: (value: string) => void; wrong: object }) {
  const text = value === undefined ? '' : String(value);
  const simple = /^P(?:(\d{1,6})([DW])|T(\d{1,6})([MH]))$/.exec(text);
  const [asText, setAsText] = useState(false);
  const [unit, setUnit] = useState('D');
  const shownUnit = asText || (text !== '' && !simple) ? 'text' : (simple?.[2] ?? simple?.[4] ?? unit);
  const amount = simple ? (simple[1] ?? simple[3] ?? '') : '';
  const write = (number: string, of: string) => set(number === '' ? '' : of === 'M' || of === 'H' ? `PT${number}${of}` : `P${number}${of}`);
  return (
    <span className="length">
      {shownUnit === 'text'
        ? <input id={id} {...wrong} aria-label={label} type="text" value={text} placeholder="P1DT12H" onChange={(event) => set(event.target.value)} />
        : <input id={id} {...wrong} aria-label={label} type="text" inputMode="numeric" className="figure" value={amount} onChange={(event) => { if (/^\d{0,6}$/.test(event.target.value)) write(event.target.value, shownUnit); }} />}
      <select aria-label={`${label}: unit`} value={shownUnit} onChange={(event) => {
        setAsText(event.target.value === 'text');
        if (event.target.value === 'text') return;
        setUnit(event.target.value);
        write(amount, event.target.value);
      }}>
        {UNITS.map(([of, name]) => <option key={of} value={of}>{name}</option>)}
        <option value="text">as text</option>
      </select>
    </span>
  );
}

/** A list of texts or numbers, a field each. Enter adds one, Backspace in an empty one takes it away. */
function Values({ type, field, path, label, bare }: { type: string; field: Field; path: Path; label: string; bare?: boolean }) {
  const { root, edit } = useEditing();
  const given = at(root, path);
  const values = Array.isArray(given) ? given as unknown[] : [];
  const add = () => edit(path, [...values, ''], { path: [...path, values.length] });
  const remove = (index: number) => edit([...path], values.toSpliced(index, 1), values.length > 1 ? { path: [...path, Math.max(0, index - 1)] } : { path, part: 'another' });
  return (
    <div className="values" data-path={path.join('.')} role="group" aria-label={label} data-fields="">
      {!bare && <span className="legend">{label}</span>}
      {values.map((value, index) => {
        const place = [...path, index];
        return (
          <span key={index} className="value" data-path={place.join('.')}>
            {index > 0 && <span className="or">{fieldLabel('', field.name === 'allOf' ? 'and' : 'or')}</span>}
            <ListedValue type={type} field={field} path={place} label={`${label}, ${index + 1}`} value={value} set={(next) => edit(place, next)} onEnter={add} onEmptied={() => remove(index)} />
            <button type="button" className="quiet" aria-label={`Take away: ${label}, ${index + 1}`} onClick={() => remove(index)}>✕</button>
          </span>
        );
      })}
      <button type="button" className="quiet" data-part="another" aria-label={`${values.length === 0 ? 'Add a value' : 'Another'}: ${label}`} onClick={add}>{values.length === 0 ? 'Add a value' : 'Another'}</button>
      <Faults path={path} />
    </div>
  );
}

function ListedValue({ type, field, path, label, ...rest }: { type: string; field: Field; path: Path; label: string; value: unknown; set: (value: unknown) => void; onEnter: () => void; onEmptied: () => void }) {
  const id = useId();
  const faults = useFaults(path);
  return (
    <>
      <Scalar {...rest} {...{ 'aria-label': label, 'aria-invalid': faults.some(({ missing }) => !missing), ...(faults.length > 0 && { 'aria-describedby': id }) }} type={field.type} list={useList(type, field, path)} />
      <Faults path={path} id={id} />
    </>
  );
}

/** Some of a closed list. */
function Choices({ type, path, label }: { type: string; path: Path; label: string }) {
  const { root, edit } = useEditing();
  const given = at(root, path);
  const values = Array.isArray(given) ? given as unknown[] : [];
  const known = ENUMS[type] ?? [];
  return (
    <div className="values" data-path={path.join('.')} role="group" aria-label={label} data-fields="">
      <span className="legend">{label}</span>
      {known.map(({ name, about }) => (
        <label key={name} title={about}>
          <input type="checkbox" checked={values.includes(name)} onChange={(event) => edit(path, event.target.checked ? [...values, name] : values.filter((one) => one !== name))} /> {choiceLabel(name)}
        </label>
      ))}
      <Faults path={path} />
    </div>
  );
}

/** A list of parts, such as the steps that follow. */
function Items({ field, path, label }: { field: Field; path: Path; label: string }) {
  const { root, edit } = useEditing();
  const given = at(root, path);
  const values = Array.isArray(given) ? given as unknown[] : [];
  return (
    <div className="part" data-path={path.join('.')} role="group" aria-label={label}>
      <span className="legend">{label}</span>
      <ol>
        {values.map((_, index) => {
          const place = [...path, index];
          const name = `${label}, ${index + 1}`;
          return (
            <li key={index} data-path={place.join('.')}>
              <div className="item" role="group" aria-label={name} data-fields="">
                {field.type === ROOT ? <Node path={place} /> : isParts(at(root, place)) ? <Inputs type={field.type} path={place} /> : <Unknown path={place} label={name} />}
                {field.type !== ROOT && <button type="button" className="quiet" aria-label={`Take away: ${name}`} onClick={() => edit(place, undefined, { path, part: 'another' })}>✕</button>}
              </div>
            </li>
          );
        })}
      </ol>
      <button type="button" className="quiet" data-part="another" aria-label={`${values.length === 0 ? 'Add' : 'Another'}: ${label}`} onClick={() => edit(path, [...values, emptyOf(field.type)], { path: [...path, values.length] })}>{values.length === 0 ? 'Add' : 'Another'}</button>
      <Faults path={path} />
    </div>
  );
}

function useFaults(path: Path): Fault[] {
  return useEditing().faults.get(path.join('.')) ?? [];
}

function Faults({ path, id }: { path: Path; id?: string }) {
  const faults = useFaults(path);
  if (faults.length === 0) return null;
  return <span className="faults" {...(id && { id })}>{faults.map(({ message, missing }) => <span key={message} className={missing ? 'note' : 'wrong'}>{message}</span>)}</span>;
}

const isGroup = (name: string): boolean => name === 'all' || name === 'any';

function fieldOf(key: string): Field {
  const field = INPUTS[ROOT]?.fields.find(({ name }) => name === key);
  if (!field) throw new Error(`no condition is called ${key}`);
  return field;
}

/** Whether the form has a field for a part that is not there. */
function showsEmpty(root: CustomerCondition, path: string, name: string): boolean {
  const type = typeAt(root, path === '' ? [] : path.split('.'));
  const shape = type === null ? undefined : INPUTS[type];
  const field = shape?.fields.find((one) => one.name === name);
  return Boolean(shape && field && !shape.oneOf && !field.list && isLeaf(field.type) && (field.required || shape.fields.every((one) => isLeaf(one.type))));
}

/** The input type of the part at a path. */
function typeAt(root: CustomerCondition, path: string[]): string | null {
  let type: string | null = ROOT;
  let value: unknown = root;
  for (const part of path) {
    if (!Array.isArray(value)) type = INPUTS[type ?? '']?.fields.find(({ name }) => name === part)?.type ?? null;
    value = at(value, [part]);
  }
  return type;
}

/** The id of the list of values that occur for a field. */
function useList(type: string, field: Field, path: Path): string | undefined {
  const { root, occurring } = useEditing();
  return occurring.listOf(type, field.name, (up, name) => at(root, [...path.slice(0, path.length - up), name]));
}
