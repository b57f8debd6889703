// The fields of the journeys page. Each holds its own text while a person types, and the address gets it after a pause.
import { useEffect, useId, useMemo, useRef, useState, type ReactNode } from 'react';
import { useAnswer } from '../api/client';
import { JourneyValuesDocument } from '../api/generated';
import { setParameters, useAddress } from '../app/router';
import { stored, textOf } from './step';

const PAUSE_MS = 350;

/** A parameter of the address that follows what is typed. */
function useTyped(name: string): [string, (text: string) => void] {
  const address = useAddress().parameters.get(name) ?? '';
  const [text, setText] = useState(address);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const sent = useRef(address);
  useEffect(() => {
    // Changed by a link, not by this field.
    if (address !== sent.current) setText(address);
    sent.current = address;
  }, [address]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [text, (typed) => {
    setText(typed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => { sent.current = typed; setParameters({ [name]: typed }); }, PAUSE_MS);
  }];
}

type FieldProps = { name: string; label: string; placeholder?: string; list?: string; wrong?: string | null; numeric?: boolean; long?: boolean };

export function Field({ name, label, placeholder, list, wrong, numeric, long }: FieldProps) {
  const [text, setText] = useTyped(name);
  const id = useId();
  const shared = {
    id, value: text, placeholder, spellCheck: false, autoComplete: 'off', 'aria-invalid': Boolean(wrong),
    ...(wrong && { 'aria-describedby': `${id}-wrong` }),
  } as const;
  return (
    <div className={long ? 'field long' : 'field'}>
      <label htmlFor={id}>{label}</label>
      {long
        ? <textarea {...shared} rows={3} onChange={(event) => setText(event.target.value)} />
        : <input {...shared} type="text" {...(numeric && { inputMode: 'numeric' as const })} list={list} onChange={(event) => setText(event.target.value)} />}
      {wrong && <p className="wrong" id={`${id}-wrong`} role="alert">{wrong}</p>}
    </div>
  );
}

export function Choice({ name, label, options }: { name: string; label: string; options: (readonly [value: string, label: string])[] }) {
  const { parameters } = useAddress();
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={parameters.get(name) ?? ''} onChange={(event) => setParameters({ [name]: event.target.value })}>
        {options.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
      </select>
    </div>
  );
}

/** The values that occur, as steps: names, kinds and channels, and those of the dimension that is looked at. */
export function StepList({ id, dimension }: { id: string; dimension: string }) {
  const names = useValues('name');
  const kinds = useValues('kind');
  const channels = useValues('channel');
  const others = useValues(dimension && !['name', 'kind', 'channel'].includes(dimension) ? dimension : null);
  const steps = [
    ...names.map((value) => textOf('name', value)),
    ...kinds.map((value) => textOf('kind', value)),
    ...channels.map((value) => textOf('channel', value)),
    ...others.map((value) => textOf(dimension, value)),
  ];
  return <datalist id={id}>{[...new Set(steps)].map((step) => <option key={step} value={step} />)}</datalist>;
}

/** The values of a dimension that occur, the most frequent first. An unknown dimension has none; its figure says why. */
export function useValues(dimension: string | null): string[] {
  const { data } = useAnswer(JourneyValuesDocument, dimension === null ? null : { dimension });
  return useMemo(() => {
    const nodes = data?.journeys?.transitions?.nodes ?? [];
    return nodes.filter(({ touchpoints }) => touchpoints > 0).map(({ value }) => stored(value));
  }, [data]);
}

/** A list of steps in one parameter, one a line. */
export function StepFields({ name, label, list, wrongs, children }: { name: string; label: string; list: string; wrongs: (string | null)[]; children?: ReactNode }) {
  const { parameters } = useAddress();
  const box = useRef<HTMLFieldSetElement>(null);
  const steps = stepsOf(parameters, name);
  const set = (changed: string[]) => setParameters({ [name]: changed.join('\n') });
  const add = () => {
    set([...steps, '']);
    // The new field is there after the next paint.
    setTimeout(() => box.current?.querySelectorAll('input')[steps.length]?.focus(), 0);
  };
  return (
    <fieldset className="steps" ref={box}>
      <legend>{label}</legend>
      <ol>
        {steps.map((step, at) => (
          <li key={at}>
            <StepField text={step} label={`Step ${at + 1}`} list={list} wrong={wrongs[at] ?? null} set={(text) => set(steps.map((one, place) => (place === at ? text : one)))} />
            {at > 0 && <button type="button" className="quiet" aria-label={`Move step ${at + 1} up`} onClick={() => set(steps.map((one, place) => (place === at ? steps[at - 1] ?? '' : place === at - 1 ? step : one)))}>↑</button>}
            <button type="button" className="quiet" aria-label={`Remove step ${at + 1}`} onClick={() => set(steps.filter((_, place) => place !== at))}>✕</button>
          </li>
        ))}
      </ol>
      <button type="button" onClick={add}>Add a step</button>
      {children}
    </fieldset>
  );
}

export const stepsOf = (parameters: URLSearchParams, name: string): string[] => (parameters.has(name) ? (parameters.get(name) ?? '').split('\n') : ['']);

function StepField({ text: given, label, list, wrong, set }: { text: string; label: string; list: string; wrong: string | null; set: (text: string) => void }) {
  const [text, setText] = useState(given);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const id = useId();
  const sent = useRef(given);
  const latest = useRef(set);
  latest.current = set;
  useEffect(() => {
    if (given !== sent.current) setText(given);
    sent.current = given;
  }, [given]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const change = (typed: string) => {
    setText(typed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => { sent.current = typed; latest.current(typed); }, PAUSE_MS);
  };
  return (
    <>
      <input
        type="text" aria-label={label} list={list} value={text} spellCheck={false} autoComplete="off" placeholder="A name, or kind=order" aria-invalid={Boolean(wrong)}
        {...(wrong && { 'aria-describedby': `${id}-wrong` })} onChange={(event) => change(event.target.value)}
      />
      {wrong && <span className="wrong" id={`${id}-wrong`} role="alert">{wrong}</span>}
    </>
  );
}
