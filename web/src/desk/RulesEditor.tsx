// Other identity rules: written, tried on all stored customers, and saved with a reason. Nothing is saved untried.
import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { ask, troubleOf, type Trouble } from '../api/client';
import { RulesTrialDocument, SaveRulesDocument, type RulesFragment, type RulesTrialQuery } from '../api/generated';
import { Problem, QueryLink, Waiting } from '../app/parts';
import { customerAt, Link } from '../app/router';
import { count, plain, plural } from '../app/words';
import { changesOf, draftOf, inputOf, newKind, wrongIn, type Draft, type DraftKind } from './rules';

type Result = NonNullable<RulesTrialQuery['identityRulesTrial']>;
type Fault = { path: string | null; message: string };

export function RulesEditor({ rules, again, close }: { rules: RulesFragment; again: () => void; close: () => void }) {
  const [draft, setDraft] = useState(() => draftOf(rules));
  const [reason, setReason] = useState('');
  const [trial, setTrial] = useState<{ of: string; result: Result } | null>(null);
  const [refused, setRefused] = useState<Fault[]>([]);
  const [state, setState] = useState<{ busy: 'trial' | 'save' | null; said: string; trouble: Trouble | null }>({ busy: null, said: '', trouble: null });
  const running = useRef<AbortController>(undefined);
  const head = useRef<HTMLHeadingElement>(null);
  const id = useId();
  useEffect(() => { head.current?.focus(); return () => running.current?.abort(); }, []);

  const input = inputOf(draft, rules);
  const written = JSON.stringify(input);
  const changes = changesOf(draftOf(rules), draft);
  const wrong = wrongIn(draft);
  const tried = trial?.of === written ? trial.result : null;
  const faults = [...[...wrong].map(([path, message]) => ({ path, message })), ...(tried?.problems ?? []), ...refused];
  const of = (path: string) => faults.filter((fault) => fault.path === path || fault.path?.startsWith(`${path}[`)).map(({ message }) => message);
  const known = new Set(['rules.blocked', 'rules.maxIdentifiers', 'rules.sessionGap', ...draft.kinds.flatMap((_, n) => ['name', 'limit', 'parts', 'blocked'].map((field) => `rules.kinds[${n}].${field}`))]);
  const elsewhere = faults.filter(({ path }) => ![...known].some((one) => path === one || path?.startsWith(`${one}[`)));
  const change = (next: Partial<Draft>) => { setDraft({ ...draft, ...next }); setRefused([]); setState({ ...state, said: '' }); };
  const changeKind = (index: number, next: Partial<DraftKind>) => change({ kinds: draft.kinds.map((kind, at) => (at === index ? { ...kind, ...next } : kind)) });

  const run = async () => {
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    setState({ busy: 'trial', said: '', trouble: null });
    try {
      const { identityRulesTrial } = await ask(RulesTrialDocument, { rules: input }, abort.signal);
      if (identityRulesTrial) setTrial({ of: written, result: identityRulesTrial });
      setState({ busy: null, said: '', trouble: null });
    } catch (error) {
      if (running.current !== abort) return;
      setState(abort.signal.aborted ? { busy: null, said: 'The trial was stopped. Nothing was changed.', trouble: null } : { busy: null, said: '', trouble: troubleOf(error) });
    }
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (!reason.trim()) return setState({ busy: null, said: 'Give a reason first: it is kept with the rules.', trouble: null });
    setState({ busy: 'save', said: '', trouble: null });
    try {
      const { identityRulesSave } = await ask(SaveRulesDocument, { rules: { ...input, note: reason.trim() } });
      setRefused(identityRulesSave?.problems ?? []);
      const status = identityRulesSave?.status;
      setState({ busy: null, said: status === 'REFUSED' ? 'Refused: nothing was saved.' : status === 'UNCHANGED' ? 'Nothing was to be changed.' : '', trouble: null });
      if (status !== 'DONE') return;
      close();
      again();
    } catch (error) {
      setState({ busy: null, said: '', trouble: troubleOf(error) });
    }
  };
  const move = (index: number, by: number) => {
    const kind = draft.kinds[index];
    const to = Math.min(draft.kinds.length - 1, Math.max(0, index + by));
    if (kind) change({ kinds: draft.kinds.toSpliced(index, 1).toSpliced(to, 0, kind) });
  };
  const add = (composite: boolean) => {
    change({ kinds: [...draft.kinds, newKind(crypto.randomUUID(), composite)] });
    setTimeout(() => document.getElementById(`${id}-${draft.kinds.length}-name`)?.focus(), 0);
  };

  return (
    <div className="editor">
      <h3 ref={head} tabIndex={-1}>Other rules</h3>
      <p className="note">How values are read from events (paths, exceptions, how they are written, the country of telephone numbers) can only be changed by a new import, so it is not here.</p>
      <div className="scroll" tabIndex={0} role="group" aria-label="The kinds of identifiers, to be changed">
        <table className="kinds">
          <caption>The strongest kind first. A link by a weaker kind gives way to a stronger one.</caption>
          <thead><tr><th scope="col">Kind</th><th scope="col">At most, of a customer</th><th scope="col">Merges</th><th scope="col">Device</th><th scope="col">Ignored values, one a line</th><th scope="col">Order</th></tr></thead>
          <tbody>
            {draft.kinds.map((kind, index) => {
              const path = `rules.kinds[${index}]`;
              const name = kind.name.trim() || 'the new kind';
              return (
                <tr key={kind.key}>
                  <th scope="row">
                    {kind.isNew ? <Text id={`${id}-${index}-name`} label="Name of the new kind" value={kind.name} set={(text) => changeKind(index, { name: text })} faults={of(`${path}.name`)} /> : plain(kind.name)}
                    {kind.composite && <Area label={`Parts of ${name}`} value={kind.parts} set={(parts) => changeKind(index, { parts })} faults={of(`${path}.parts`)} />}
                    {!kind.isNew && !kind.composite && of(`${path}.name`).map((message) => <p key={message} className="wrong">{message}</p>)}
                  </th>
                  <td><Text label={`Limit of ${name}`} value={kind.limit} placeholder="any number" numeric set={(limit) => changeKind(index, { limit })} faults={of(`${path}.limit`)} /></td>
                  <td><input type="checkbox" aria-label={`${name} may merge customers`} checked={kind.merges} onChange={(event) => changeKind(index, { merges: event.target.checked })} /></td>
                  <td><input type="checkbox" aria-label={`${name} is a device identifier`} checked={kind.device} onChange={(event) => changeKind(index, { device: event.target.checked })} /></td>
                  <td><Area label={`Ignored values of ${name}`} value={kind.blocked} set={(blocked) => changeKind(index, { blocked })} faults={of(`${path}.blocked`)} /></td>
                  <td className="order">
                    <button type="button" className="quiet" aria-label={`Stronger: ${name}`} onClick={() => move(index, -1)}>↑</button>{' '}
                    <button type="button" className="quiet" aria-label={`Weaker: ${name}`} onClick={() => move(index, 1)}>↓</button>{' '}
                    <button type="button" className="quiet" aria-label={`Take away: ${name}`} onClick={() => change({ kinds: draft.kinds.toSpliced(index, 1) })}>✕</button>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p><button type="button" onClick={() => add(true)}>Add a kind made of traits</button> <button type="button" onClick={() => add(false)}>Add a kind of external ids</button></p>
      <div className="scope">
        <Text label="Identifiers of a customer, at most" shown value={draft.maxIdentifiers} numeric set={(maxIdentifiers) => change({ maxIdentifiers })} faults={of('rules.maxIdentifiers')} />
        <Text label="A session ends after" shown value={draft.sessionGap} set={(sessionGap) => change({ sessionGap })} faults={of('rules.sessionGap')} />
      </div>
      <Area label="Ignored as identifiers of any kind, one a line; between slashes it is a regular expression" shown value={draft.blocked} set={(blocked) => change({ blocked })} faults={of('rules.blocked')} />
      {changes.length > 0 && <><h4>What differs from version {rules.version}</h4><ul>{changes.map((text) => <li key={text}>{text}</li>)}</ul></>}
      <p>
        <button type="button" disabled={state.busy !== null || changes.length === 0 || wrong.size > 0} onClick={() => void run()}>Try it</button>{' '}
        {state.busy === 'trial' && <button type="button" onClick={() => running.current?.abort()}>Stop</button>}{' '}
        <button type="button" className="quiet" onClick={close}>Keep the present rules</button>{' '}
        <QueryLink of={RulesTrialDocument} variables={{ rules: input }} />
      </p>
      {state.busy === 'trial' && <Waiting>All customers are stitched again, without a change. It may take up to two minutes …</Waiting>}
      <p className="note" role="status">{state.said || (changes.length === 0 ? 'Nothing differs yet.' : !tried && state.busy === null ? 'Try the rules before you save them.' : '')}</p>
      {state.trouble && <Problem trouble={state.trouble} />}
      {elsewhere.length > 0 && <ul className="problem" role="alert">{elsewhere.map(({ path, message }) => <li key={`${path} ${message}`}>{path && <code>{path}</code>} {message}</li>)}</ul>}
      {tried && tried.problems.length > 0 && <p className="wrong" role="alert">The rules are refused: {tried.problems.map(({ path, message }) => `${path ?? ''} ${message}`).join('; ')}</p>}
      {tried && tried.problems.length === 0 && (
        <>
          <Effect result={tried} />
          <form onSubmit={(event) => void save(event)}>
            <Text label="Reason to change the rules" shown value={reason} set={setReason} faults={[]} />
            <button type="submit" disabled={state.busy !== null}>Save the rules</button>
          </form>
        </>
      )}
    </div>
  );
}

function Effect({ result }: { result: Result }) {
  const difference = result.customersThen - result.customersNow;
  return (
    <section aria-labelledby="effect">
      <h4 id="effect">What they would do</h4>
      <p role="status" className="figures">
        <strong>{count(result.customersThen)}</strong> {result.customersThen === 1 ? 'customer' : 'customers'} instead of {count(result.customersNow)}{difference === 0 ? '' : ` (${difference > 0 ? '+' : '−'}${count(Math.abs(difference))})`}: {plural(result.splits, 'customer')} would be split, {plural(result.joins, 'customer')} would be joined of several.
      </p>
      {result.examples.length > 0 && (
        <div className="scroll" tabIndex={0} role="group" aria-label="Examples">
          <table>
            <caption>{plural(result.examples.length, 'example')}</caption>
            <thead><tr><th scope="col">Now</th><th scope="col">Then, a customer each</th><th scope="col">Why</th></tr></thead>
            <tbody>
              {result.examples.map(({ customers, groups, reason }, index) => (
                <tr key={index}>
                  <td>{customers.map(({ id, displayName }, at) => <span key={id}>{at > 0 && ', '}<Link to={`${customerAt(id)}?view=identity`}>{displayName ?? 'Without a name'}</Link></span>)}</td>
                  <td><ol>{groups.map(({ identifiers }, at) => <li key={at}>{identifiers.map(({ kind, value }) => `${plain(kind)} ${value}`).join(', ')}</li>)}</ol></td>
                  <td>{reason}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

type FieldProps = { id?: string; label: string; value: string; set: (text: string) => void; faults: string[]; placeholder?: string; numeric?: boolean; shown?: boolean };

function Text({ id: given, value, set, placeholder, numeric, ...field }: FieldProps) {
  const own = useId();
  const id = given ?? own;
  return (
    <Labelled id={id} {...field}>
      <input {...tiesOf(id, field.faults)} type="text" value={value} placeholder={placeholder} {...(numeric && { inputMode: 'numeric' as const })} autoComplete="off" onChange={(event) => set(event.target.value)} />
    </Labelled>
  );
}

function Area({ value, set, ...field }: FieldProps) {
  const id = useId();
  return (
    <Labelled id={id} {...field}>
      <textarea {...tiesOf(id, field.faults)} rows={Math.min(8, Math.max(1, value.split('\n').length))} value={value} onChange={(event) => set(event.target.value)} />
    </Labelled>
  );
}

/** What ties an input to its label and to its faults. */
const tiesOf = (id: string, faults: string[]) => ({ id, spellCheck: false, 'aria-invalid': faults.length > 0, ...(faults.length > 0 && { 'aria-describedby': `${id}-wrong` }) });

type LabelledProps = { id: string; label: string; faults: string[]; shown?: boolean; children: ReactNode };

/** An input with its label, which only a screen reader has unless it is `shown`, and what is wrong with it. */
function Labelled({ id, label, faults, shown, children }: LabelledProps) {
  return (
    <span className="field">
      <label htmlFor={id} {...(!shown && { className: 'hidden' })}>{label}</label>
      {children}
      {faults.length > 0 && <span className="wrong" id={`${id}-wrong`} role="alert">{faults.join('; ')}</span>}
    </span>
  );
}
