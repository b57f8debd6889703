// Segments: the saved ones, and an editor whose condition is tried while it is written.
import { useEffect, useId, useRef, useState } from 'react';
import { ask, troubleOf, useAnswer, type Trouble } from '../api/client';
import { ConditionTrialDocument, DeleteSegmentDocument, SaveSegmentDocument, SegmentConditionDocument, SegmentMembersDocument, SegmentsDocument, SegmentSizeDocument, type ConditionTrialQuery, type CustomerCondition, type SegmentsQuery } from '../api/generated';
import { Empty, Problem, QueryLink, Waiting } from '../app/parts';
import { customerAt, go, Link, setParameters, useParameter } from '../app/router';
import { count, json, moment, plural } from '../app/words';
import { ConditionForm } from './ConditionForm';
import { faultsOf, parse, withPart, written, type Fault as Place } from './edit';

type Segment = SegmentsQuery['segments']['nodes'][number];
type Fault = { code: string; path: string | null; message: string };

const PAUSE_MS = 500;
/** A longer draft is not kept in the address: some servers on the way refuse long ones. */
const LONGEST_DRAFT = 4000;

export function SegmentsPage() {
  const [name] = useParameter('name');
  const [isNew] = useParameter('new');
  const list = useAnswer(SegmentsDocument, {});
  const segments = list.data?.segments.nodes ?? [];
  const segment = segments.find((one) => one.name === name) ?? null;
  const open = name !== '' || isNew !== '';
  return (
    <>
      <h1>Segments</h1>
      <p className="lead">A segment is a condition on customers with a name. Who is in it is kept as events come and time passes.</p>
      <p><Link className="button" to="/segments?new=1">New segment</Link> <QueryLink of={SegmentsDocument} variables={{}} /></p>
      {list.trouble && <Problem trouble={list.trouble} again={list.again} />}
      {!list.data && !list.trouble && <Waiting />}
      {list.data && segments.length === 0 && !open && (
        <Empty>
          <h2>No segment is saved yet</h2>
          <p>Make the first: say what a customer must have or have done, look at how many fit, give it a name. <Link to="/segments?new=1">New segment</Link></p>
        </Empty>
      )}
      {segments.length > 0 && (
        <div className="scroll" tabIndex={0} role="group" aria-label="Saved segments">
          <table>
            <caption>{plural(segments.length, 'saved segment')}</caption>
            <thead><tr><th scope="col">Name</th><th scope="col">Customers</th><th scope="col">Condition</th><th scope="col">Version</th><th scope="col">Saved</th></tr></thead>
            <tbody>
              {segments.map((one) => (
                <tr key={one.id}>
                  <td><Link to={`/segments?name=${encodeURIComponent(one.name)}`} {...(one.name === name && { 'aria-current': 'true' as const })}>{one.name}</Link></td>
                  <td className="number"><Size key={one.version} name={one.name} /></td>
                  <td><Sentence key={one.version} name={one.name} /></td><td className="number">{one.version}</td><td>{moment(one.savedAt)} by {one.savedBy}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {open && (name === '' || segment
        ? segment ? <Opened key={segment.id} segment={segment} done={list.again} /> : <Editor key="new" segment={null} definition={{ all: [] }} done={list.again} />
        : list.data && <p className="note">No segment is called “{name}” now.</p>)}
    </>
  );
}

function Size({ name }: { name: string }) {
  const { data, trouble } = useAnswer(SegmentSizeDocument, { name });
  if (trouble) return <span title={trouble.message}>–</span>;
  const size = data?.segment?.size;
  return <>{size === undefined ? '…' : size === null ? '–' : count(size)}</>;
}

function Sentence({ name }: { name: string }) {
  const { data, trouble } = useAnswer(SegmentConditionDocument, { name });
  if (trouble) return <span className="note">{trouble.message}</span>;
  return <>{data ? data.segment?.sentence ?? '–' : '…'}</>;
}

function Opened({ segment, done }: { segment: Segment; done: () => void }) {
  const { data, trouble, again } = useAnswer(SegmentConditionDocument, { name: segment.name });
  const version = useRef(segment.version);
  useEffect(() => {
    if (version.current !== segment.version) again();
    version.current = segment.version;
  }, [segment.version, again]);
  if (data?.segment) return <Editor segment={segment} definition={data.segment.definition} done={done} />;
  return trouble ? <Problem trouble={trouble} again={again} /> : <Waiting />;
}

function Editor({ segment, definition, done }: { segment: Segment | null; definition: unknown; done: () => void }) {
  const [name, setName] = useState(segment?.name ?? '');
  const [description, setDescription] = useState(segment?.description ?? '');
  const [timeZone, setTimeZone] = useState(segment && segment.timeZone !== 'UTC' ? segment.timeZone : '');
  const [draft] = useParameter('is');
  const [view, setView] = useParameter('as');
  const asJson = view === 'json';
  const saved = written(definition);
  const [text, setText] = useState(() => { const { condition } = parse(draft); return condition === null ? saved : written(condition); });
  const [problems, setProblems] = useState<Fault[]>([]);
  const [said, setSaid] = useState('');
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [busy, setBusy] = useState(false);
  const [sure, setSure] = useState(false);
  const head = useRef<HTMLHeadingElement>(null);
  const version = useRef(segment?.version);
  if (segment && segment.version > (version.current ?? 0) && !said) version.current = segment.version;
  const id = useId();
  const { condition, wrong } = parse(text);
  const missing = condition === null ? [] : faultsOf(condition);
  const askable = condition !== null && missing.length === 0;
  const asked = askable ? JSON.stringify({ members: condition, ...(timeZone.trim() && { timeZone: timeZone.trim() }) }) : '';
  const given = usePaused(asked);
  const variables = given === '' ? null : JSON.parse(given) as { members: CustomerCondition; timeZone?: string };
  const trial = useAnswer(ConditionTrialDocument, variables);
  const isOfNow = given === asked && !trial.loading;
  useEffect(() => head.current?.focus(), []);
  const change = (next: CustomerCondition) => { setText(written(next)); setProblems([]); setSaid(''); };

  // What is written and not saved is in the address, so that a reload or a link has it.
  const paused = usePaused(text);
  useEffect(() => {
    const { condition: shown } = parse(paused);
    if (shown === null) return;
    const short = JSON.stringify(shown);
    setParameters({ is: written(shown) === saved || short.length > LONGEST_DRAFT ? null : short });
  }, [paused, saved]);

  // What the API says about a place of the condition is shown at its line.
  const places: Place[] = [
    ...missing,
    ...(isOfNow && trial.trouble?.argument ? placed(trial.trouble.argument, trial.trouble.message, trial.trouble.advice) : []),
    ...(isOfNow ? (trial.data?.segmentTrial?.problems ?? []).flatMap(({ path, message }) => (path ? placed(path, message) : [])) : []),
    ...problems.flatMap(({ path, message }) => (path ? placed(path, message) : [])),
  ];

  const act = async (work: () => Promise<void>) => {
    setBusy(true);
    setProblems([]);
    setSaid('');
    setTrouble(null);
    try {
      await work();
    } catch (error) {
      setTrouble(troubleOf(error));
    } finally {
      setBusy(false);
    }
  };
  const save = () => act(async () => {
    if (condition === null) return;
    if (missing.length > 0) {
      setSaid(`Not saved: ${plural(missing.length, 'field')} of the condition ${missing.length === 1 ? 'is' : 'are'} to be filled in.`);
      return;
    }
    const input = {
      name: name.trim(), members: condition, ...(description.trim() && { description: description.trim() }), ...(timeZone.trim() && { timeZone: timeZone.trim() }),
      ...(segment && { id: segment.id, basedOn: version.current ?? segment.version }),
    };
    const { segmentSave } = await ask(SaveSegmentDocument, { input });
    setProblems(segmentSave?.problems ?? []);
    if (!segmentSave?.segment) return;
    version.current = segmentSave.segment.version;
    setSaid(segmentSave.status === 'UNCHANGED' ? 'Nothing was to be changed.' : `Saved as version ${segmentSave.segment.version}.`);
    done();
    go(`/segments?name=${encodeURIComponent(segmentSave.segment.name)}${asJson ? '&as=json' : ''}`, { replace: true });
  });
  const remove = () => act(async () => {
    if (!segment) return;
    const { segmentDelete } = await ask(DeleteSegmentDocument, { id: segment.id });
    setProblems(segmentDelete?.problems ?? []);
    setSure(false);
    if (segmentDelete?.status !== 'DONE') return;
    done();
    go('/segments');
  });
  const of = (path: string) => problems.filter((problem) => problem.path === path);

  return (
    <section className="editor" aria-labelledby={`${id}-head`}>
      <h2 id={`${id}-head`} ref={head} tabIndex={-1}>{segment ? `Segment ${segment.name}` : 'New segment'}</h2>
      <form onSubmit={(event) => { event.preventDefault(); void save(); }}>
        <div className="scope">
          <Text id={`${id}-name`} label="Name" value={name} set={setName} faults={of('name')} required />
          <Text id={`${id}-about`} label="What it is for" value={description} set={setDescription} faults={of('description')} />
          <Text id={`${id}-zone`} label="Time zone" value={timeZone} set={setTimeZone} faults={of('timeZone')} placeholder="UTC" />
        </div>
        <div className="condition-head">
          <h3 id={`${id}-is`}>Condition</h3>
          <span role="group" aria-label="Write it as">
            <button type="button" className="quiet" aria-pressed={!asJson} onClick={() => setView(null)}>Form</button>{' '}
            <button type="button" className="quiet" aria-pressed={asJson} onClick={() => setView('json')}>JSON</button>
          </span>
        </div>
        {asJson ? (
          <div className="field long">
            <label htmlFor={`${id}-condition`}>Condition, as the API’s <code>CustomerCondition</code></label>
            <textarea id={`${id}-condition`} rows={Math.min(24, text.split('\n').length + 1)} spellCheck={false} value={text} aria-invalid={wrong !== null} aria-describedby={`${id}-wrong`} onChange={(event) => { setText(event.target.value); setProblems([]); }} />
            <p className="wrong" id={`${id}-wrong`} role="alert">{wrong}</p>
            {places.length > 0 && <ul className="faults">{places.map(({ path, message }) => <li key={`${path} ${message}`}><code>{path}</code> {message}</li>)}</ul>}
          </div>
        ) : condition === null
          ? <p className="problem" role="alert">The text is {wrong} <button type="button" onClick={() => setView('json')}>Mend the JSON</button> <button type="button" onClick={() => setText(saved)}>Begin again</button></p>
          : <ConditionForm condition={condition} change={change} faults={places} lines={isOfNow && !trial.trouble ? trial.data?.segmentTrial?.lines ?? [] : []} />}
        <p>
          <button type="submit" disabled={busy || condition === null || name.trim() === ''}>Save</button>{' '}
          {segment && (sure
            ? <><button type="button" disabled={busy} onClick={() => void remove()}>Yes, delete “{segment.name}”</button> <button type="button" onClick={() => setSure(false)}>Keep it</button></>
            : <button type="button" onClick={() => setSure(true)}>Delete</button>)}{' '}
          <QueryLink of={ConditionTrialDocument} variables={variables ?? {}} />
        </p>
        <p className="note" role="status">{said}</p>
        {trouble && <Problem trouble={trouble} />}
        {problems.length > 0 && (
          <ul className="problem" aria-label="Problems">
            {problems.map(({ code, path, message }) => <li key={`${path} ${message}`}>{path && <code>{path}</code>} {message} <small>{code}</small></li>)}
          </ul>
        )}
      </form>
      {trial.trouble && <Problem trouble={trial.trouble} again={trial.again} />}
      {missing.length > 0 && <p className="note" role="status">{plural(missing.length, 'field')} of the condition {missing.length === 1 ? 'is' : 'are'} to be filled in; then the customers are counted.</p>}
      {variables && !trial.trouble && (trial.data?.segmentTrial
        ? <Trial trial={trial.data.segmentTrial} loading={!isOfNow} {...(asJson && { remove: (path: string) => { if (condition) change(withPart(condition, path.split('.'), undefined) as CustomerCondition); } })} />
        : <Waiting>Every customer is looked at …</Waiting>)}
      {segment && <Saved name={segment.name} />}
    </section>
  );
}

function Trial({ trial, loading, remove }: { trial: NonNullable<ConditionTrialQuery['segmentTrial']>; loading: boolean; remove?: (path: string) => void }) {
  return (
    <section aria-labelledby="trial" aria-busy={loading} className={loading ? 'stale' : undefined}>
      <h3 id="trial">Who fits now</h3>
      <p className="figures" role="status"><strong>{count(trial.sizeThen)}</strong> {trial.sizeThen === 1 ? 'customer fits' : 'customers fit'}.</p>
      <p>{trial.sentence}</p>
      {trial.problems.map(({ path, message }) => <p key={message} className="warn">{path && <code>{path}</code>} {message}</p>)}
      {remove && trial.lines.length > 0 && (
        <div className="scroll" tabIndex={0} role="group" aria-label="The lines of the condition">
          <table>
            <caption>How each line narrows</caption>
            <thead><tr><th scope="col">Line</th><th scope="col">Fit it alone</th><th scope="col">Fit without it</th><th scope="col">Place</th><th scope="col">Take away</th></tr></thead>
            <tbody>
              {trial.lines.map(({ path, sentence, alone, without }) => (
                <tr key={path}>
                  <td>{sentence}</td><td className="number">{count(alone)}</td><td className="number">{count(without)}</td><td><code>{path}</code></td>
                  <td><button type="button" className="quiet" aria-label={`Take away: ${sentence}`} onClick={() => remove(path)}>✕</button></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Misfits misfits={trial.misfits} />
      {trial.examples.length > 0 && (
        <p>Such as {trial.examples.map(({ id, displayName }, at) => <span key={id}>{at > 0 && ', '}<Link to={customerAt(id)}>{displayName ?? 'Without a name'}</Link></span>)}.</p>
      )}
    </section>
  );
}

function Saved({ name }: { name: string }) {
  const { data, trouble, again } = useAnswer(SegmentMembersDocument, { name });
  const segment = data?.segment;
  return (
    <section aria-labelledby="saved">
      <h3 id="saved">As it is saved</h3>
      {trouble && <Problem trouble={trouble} again={again} />}
      {!data && !trouble && <Waiting />}
      {segment && (
        <>
          <p>{segment.size === null ? 'The size is not known.' : plural(segment.size, 'member')} <Link className="quiet" to={`/journeys?segment=${encodeURIComponent(name)}`}>Their journeys</Link> <QueryLink of={SegmentMembersDocument} variables={{ name }} /></p>
          {segment.customers.nodes.length > 0 && <ul>{segment.customers.nodes.map(({ id, displayName }) => <li key={id}><Link to={customerAt(id)}>{displayName ?? 'Without a name'}</Link></li>)}</ul>}
          <Misfits misfits={segment.misfits} />
          <h4>Near misses</h4>
          {segment.nearMisses.nodes.length === 0 ? <p className="note">Nobody fails exactly one line of the outermost “all”.</p> : (
            <ul>
              {segment.nearMisses.nodes.map(({ customer, fails }) => <li key={customer.id}><Link to={customerAt(customer.id)}>{customer.displayName ?? 'Without a name'}</Link> fails: {fails.sentence}</li>)}
            </ul>
          )}
        </>
      )}
    </section>
  );
}

function Misfits({ misfits }: { misfits: { trait: string; count: number; example: unknown }[] }) {
  if (misfits.length === 0) return null;
  return (
    <ul className="warn" aria-label="Values of another type">
      {misfits.map((one) => <li key={one.trait}>{plural(one.count, 'customer')} {one.count === 1 ? 'has' : 'have'} a {one.trait} of another type, such as {json(one.example)}.</li>)}
    </ul>
  );
}

type TextProps = { id: string; label: string; value: string; set: (text: string) => void; faults: Fault[]; placeholder?: string; required?: boolean };

function Text({ id, label, value, set, faults, placeholder, required }: TextProps) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id} type="text" value={value} placeholder={placeholder} required={required} autoComplete="off" spellCheck={false} aria-invalid={faults.length > 0}
        aria-describedby={`${id}-wrong`} onChange={(event) => set(event.target.value)}
      />
      <p className="wrong" id={`${id}-wrong`}>{faults.map(({ message }) => message).join('; ')}</p>
    </div>
  );
}

/** A fault at its place in the condition; none when it is about something else, such as the name. */
function placed(argument: string, message: string, advice?: string): Place[] {
  const path = /^(?:input\.)?members(?:\.(.*))?$/.exec(argument);
  if (!path) return [];
  const short = message.startsWith(`${argument}: `) ? message.slice(argument.length + 2) : message;
  return [{ path: path[1] ?? '', message: advice ? `${short}; ${advice}` : short, missing: false }];
}

/** A text after nobody has changed it for a while. */
function usePaused(text: string): string {
  const [paused, setPaused] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return paused;
}
