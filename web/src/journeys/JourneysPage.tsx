// Journeys: a scope, and the figures about it. The address holds all of it.
import { useEffect, useState } from 'react';
import { useAnswer } from '../api/client';
import {
  JourneyPopulationDocument, PatternFiguresDocument, SegmentNamesDocument, type AttributionModel, type AttributionPictureQueryVariables,
  type ComparisonPictureQueryVariables, type FlowPictureQueryVariables, type FunnelPictureQueryVariables, type JourneyScope,
  type PathsPictureQueryVariables, type StepInput, type TimeBetweenPictureQueryVariables, type TransitionsPictureQueryVariables,
} from '../api/generated';
import { Empty, Problem, QueryLink } from '../app/parts';
import { Link, setParameters, useAddress } from '../app/router';
import { count, plain, plural } from '../app/words';
import { perCent } from './cells';
import { Choice, Field, StepFields, StepList, stepsOf, useValues } from './fields';
import { FunnelPeople, PatternPeople, type Asked } from './People';
import { PictureView } from './PictureView';
import { DIMENSIONS, numberOf, readStep, scopeOf, type Wrong } from './scope';

const VIEWS = [
  ['flow', 'Flow'], ['transitions', 'Transitions'], ['funnel', 'Funnel'], ['paths', 'Paths'],
  ['between', 'Time between'], ['attribution', 'Attribution'], ['match', 'Match'], ['compare', 'Compare'],
] as const;

const MODELS: AttributionModel[] = ['FIRST_TOUCH', 'LAST_TOUCH', 'LINEAR', 'POSITION_BASED', 'J_SHAPED', 'INVERSE_J', 'TIME_DECAY', 'PARTICIPATION', 'MARKOV', 'SHAPLEY'];
const STEPS = 'steps-that-occur';

export function JourneysPage() {
  const { parameters } = useAddress();
  const view = VIEWS.find(([name]) => name === parameters.get('view'))?.[0] ?? 'flow';
  const { value: scope, wrong } = scopeOf(parameters);
  return (
    <>
      <h1>Journeys</h1>
      <ScopeBar wrong={wrong} />
      <StepList id={STEPS} dimension={parameters.get('dimension') ?? ''} />
      <datalist id="dimensions">{DIMENSIONS.map((name) => <option key={name} value={name} />)}</datalist>
      <nav className="views" aria-label="Figures">
        {VIEWS.map(([name, label]) => {
          const to = new URLSearchParams(parameters);
          to.set('view', name);
          return <Link key={name} to={`/journeys?${to}`} {...(name === view && { 'aria-current': 'page' as const })}>{label}</Link>;
        })}
      </nav>
      {scope ? <Figures view={view} scope={scope} parameters={parameters} /> : <p className="note">Correct the scope above; then the figures come.</p>}
    </>
  );
}

function ScopeBar({ wrong }: { wrong: Wrong | null }) {
  const { parameters } = useAddress();
  const segments = useAnswer(SegmentNamesDocument, {});
  const of = (name: string) => (wrong?.field === name ? wrong.message : null);
  const names = segments.data?.segments.nodes.map(({ name }) => name) ?? [];
  const given = parameters.get('segment');
  const known = given && !names.includes(given) ? [given, ...names] : names;
  const hasMore = ['is', 'timeZone', 'purpose', 'sessionGap'].some((name) => parameters.has(name));
  return (
    <form className="scope" aria-label="Scope" onSubmit={(event) => event.preventDefault()}>
      <Field name="since" label="Since" placeholder="2026-01-31" wrong={of('since')} />
      <Field name="until" label="Before" placeholder="2026-12-31" wrong={of('until')} />
      <Choice name="segment" label="Segment" options={[['', 'all customers'], ...known.map((name) => [name, name] as const)]} />
      <Choice name="per" label="A journey is" options={[['', 'all of a customer'], ['SESSION', 'one session']]} />
      <Field name="dimension" label="Dimension" placeholder="name" list="dimensions" />
      <Field name="include" label="Only" placeholder="A name, or channel=email" list={STEPS} wrong={of('include')} />
      <Field name="exclude" label="Without" placeholder="A name, or kind=page" list={STEPS} wrong={of('exclude')} />
      <details open={hasMore || wrong?.field === 'is' ? true : undefined}>
        <summary>More</summary>
        <div className="scope">
          <Field name="purpose" label="With consent for" placeholder="newsletter" />
          <Field name="sessionGap" label="A session ends after" placeholder="PT30M" />
          <Field name="is" long label="Customers that fit this condition (JSON)" placeholder={'{"orders": {"count": {"min": 2}}}'} wrong={of('is')} />
          <Field name="timeZone" label="Time zone of the condition" placeholder="UTC" />
        </div>
      </details>
    </form>
  );
}

function Figures({ view, scope, parameters }: { view: (typeof VIEWS)[number][0]; scope: JourneyScope; parameters: URLSearchParams }) {
  const { data, trouble, again } = useAnswer(JourneyPopulationDocument, { scope });
  const population = data?.journeys?.population;
  if (trouble) return <Problem trouble={trouble} again={again} />;
  const scoped = Object.keys(scope).length > 0;
  return (
    <>
      {population && (
        <p className="note" role="status">
          {plural(population.customers, 'customer')}, {plural(population.journeys, 'journey')}, {plural(population.touchpoints, 'touchpoint')}.
          {population.unowned > 0 && ` ${plural(population.unowned, 'touchpoint')} without a customer.`}
          {population.hiddenByConsent > 0 && ` ${plural(population.hiddenByConsent, 'touchpoint')} hidden by consent.`}{' '}
          <QueryLink of={JourneyPopulationDocument} variables={{ scope }} />
        </p>
      )}
      {population?.touchpoints === 0 ? (
        <Empty>
          <h2>{scoped ? 'Nothing is in this scope' : 'No touchpoint is stored yet'}</h2>
          {scoped
            ? <p>Widen it: take away the time, the segment or “Only”. <Link to={`/journeys?view=${view}`}>Start from all journeys</Link></p>
            : <p>Send events to <code>/v1/batch</code>, or take in a file with <code>throughline import</code>. Then this page shows how customers move between touchpoints.</p>}
        </Empty>
      ) : view === 'flow' ? <Flow scope={scope} parameters={parameters} />
        : view === 'transitions' ? <Transitions scope={scope} parameters={parameters} />
        : view === 'funnel' ? <Funnel scope={scope} parameters={parameters} />
        : view === 'paths' ? <Paths scope={scope} parameters={parameters} />
        : view === 'between' ? <Between scope={scope} parameters={parameters} />
        : view === 'attribution' ? <Attribution scope={scope} parameters={parameters} />
        : view === 'match' ? <Match scope={scope} parameters={parameters} />
        : <Compare scope={scope} parameters={parameters} />}
    </>
  );
}

type Figure = { scope: JourneyScope; parameters: URLSearchParams };

/** A step of the address. Without one: null, and nothing is wrong. */
function useStep(parameters: URLSearchParams, name: string): { step: StepInput | null; wrong: string | null } {
  const text = parameters.get(name) ?? '';
  if (text.trim() === '') return { step: null, wrong: null };
  const { value, wrong } = readStep(name, text);
  return { step: value, wrong: wrong?.message ?? null };
}

function Flow({ scope, parameters }: Figure) {
  const { step, wrong } = useStep(parameters, 'anchor');
  const variables: FlowPictureQueryVariables = {
    scope, anchor: step ?? {}, stepsBefore: numberOf(parameters, 'before', 0), stepsAfter: numberOf(parameters, 'after', 5), top: numberOf(parameters, 'top', 10),
  };
  return (
    <>
      <div className="scope">
        <Field name="anchor" label="Anchor" placeholder="the first touchpoint" list={STEPS} wrong={wrong} />
        <Field name="before" label="Steps before" placeholder="0" numeric />
        <Field name="after" label="Steps after" placeholder="5" numeric />
        <Field name="top" label="Values in a step" placeholder="10" numeric />
      </div>
      {!wrong && <PictureView id="flow" title="Flow" picture="flow" variables={variables} />}
    </>
  );
}

function Transitions({ scope, parameters }: Figure) {
  const variables: TransitionsPictureQueryVariables = { scope, top: numberOf(parameters, 'top', 50) };
  return (
    <>
      <div className="scope"><Field name="top" label="Transitions shown" placeholder="50" numeric /></div>
      <PictureView id="transitions" title="Transitions" picture="transitions" variables={variables} />
    </>
  );
}

function Funnel({ scope, parameters }: Figure) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const texts = stepsOf(parameters, 'steps');
  const read = texts.map((text) => (text.trim() === '' ? null : readStep('steps', text)));
  const wrongs = read.map((one) => one?.wrong?.message ?? null);
  const steps = read.flatMap((one) => one?.value ?? []);
  const within = parameters.get('within');
  const breakdown = parameters.get('breakdown');
  const variables: FunnelPictureQueryVariables = {
    scope, steps, ...(within && { within }), ...(breakdown && { breakdown }), top: numberOf(parameters, 'top', 20),
  };
  const key = JSON.stringify(variables);
  useEffect(() => setAsked(null), [key]);
  return (
    <>
      <StepFields name="steps" label="Steps" list={STEPS} wrongs={wrongs} />
      <div className="scope">
        <Field name="within" label="Within" placeholder="P7D" />
        <Field name="breakdown" label="Broken down by" placeholder="channel, or segment" list="dimensions" />
        {breakdown && <Field name="top" label="Groups shown" placeholder="20" numeric />}
      </div>
      {steps.length === 0 ? (
        <Empty>
          <h2>Which way do you follow?</h2>
          <p>Write the first step, such as <code>kind=product</code>, then add the next, such as <code>kind=order</code>. The field offers what occurs.</p>
          <p><button type="button" onClick={() => setParameters({ steps: 'kind=product\nkind=order' })}>From product to order</button></p>
        </Empty>
      ) : wrongs.every((wrong) => wrong === null) && (
        <>
          <PictureView
            id="funnel" title="Funnel" picture="funnel" variables={variables} opens={['reached', 'dropped']}
            open={(row, column) => setAsked({ group: row['group'] === null || row['group'] === undefined ? null : String(row['group']), number: Number(row['number']), label: String(row['label']), dropped: column === 'dropped' })}
          />
          {asked && <FunnelPeople key={JSON.stringify(asked)} variables={variables} asked={asked} close={() => setAsked(null)} />}
        </>
      )}
    </>
  );
}

function Paths({ scope, parameters }: Figure) {
  const { step, wrong } = useStep(parameters, 'to');
  const within = step ? parameters.get('within') : null;
  const variables: PathsPictureQueryVariables = {
    scope, ...(step && { to: step }), ...(within && { within }), top: numberOf(parameters, 'top', 20),
    collapse: parameters.get('repeats') !== '1', maxLength: numberOf(parameters, 'length', 20),
  };
  return (
    <>
      <div className="scope">
        <Field name="to" label="Paths that end with" placeholder="whole journeys" list={STEPS} wrong={wrong} />
        {step && <Field name="within" label="Within" placeholder="P7D" />}
        <Choice name="repeats" label="The same value again" options={[['', 'counts once'], ['1', 'counts each time']]} />
        <Field name="length" label="Values kept" placeholder="20" numeric />
        <Field name="top" label="Paths shown" placeholder="20" numeric />
      </div>
      {!wrong && <PictureView id="paths" title="Paths" picture="paths" variables={variables} />}
    </>
  );
}

function Between({ scope, parameters }: Figure) {
  const from = useStep(parameters, 'from');
  const to = useStep(parameters, 'to');
  const variables: TimeBetweenPictureQueryVariables | null = from.step && to.step && { scope, from: from.step, to: to.step, buckets: numberOf(parameters, 'buckets', 20) };
  return (
    <>
      <div className="scope">
        <Field name="from" label="From" placeholder="kind=product" list={STEPS} wrong={from.wrong} />
        <Field name="to" label="To" placeholder="kind=order" list={STEPS} wrong={to.wrong} />
        <Field name="buckets" label="Bars" placeholder="20" numeric />
      </div>
      {variables ? <PictureView id="between" title="Time between" picture="timeBetween" variables={variables} /> : (
        <Empty>
          <h2>Between which two touchpoints?</h2>
          <p>The first “From” of a journey is taken, and the first “To” after it. The fields offer what occurs.</p>
          <p><button type="button" onClick={() => setParameters({ from: 'kind=product', to: 'kind=order' })}>From product to order</button></p>
        </Empty>
      )}
    </>
  );
}

function Attribution({ scope, parameters }: Figure) {
  const goal = useStep(parameters, 'goal');
  const touches = useStep(parameters, 'touches');
  const chosen = (parameters.get('models') ?? 'LAST_TOUCH,LINEAR,MARKOV').split(',');
  const models = MODELS.filter((model) => chosen.includes(model));
  const variables: AttributionPictureQueryVariables = {
    scope, goal: goal.step ?? { kinds: ['order'] }, ...(touches.step && { touches: touches.step }), dimension: parameters.get('dimension') || 'channel',
    lookback: parameters.get('lookback') || 'P30D', halfLife: parameters.get('halfLife') || 'P7D', models, top: numberOf(parameters, 'top', 20),
  };
  const toggle = (model: AttributionModel) => setParameters({ models: MODELS.filter((one) => (one === model) !== chosen.includes(one)).join(',') || 'NONE' });
  return (
    <>
      <div className="scope">
        <Field name="goal" label="Goal" placeholder="kind=order" list={STEPS} wrong={goal.wrong} />
        <Field name="touches" label="Who can earn" placeholder="all" list={STEPS} wrong={touches.wrong} />
        <Field name="lookback" label="Lookback" placeholder="P30D" />
        <Field name="halfLife" label="Half-life" placeholder="P7D" />
        <Field name="top" label="Values shown" placeholder="20" numeric />
      </div>
      <fieldset className="models">
        <legend>Models side by side</legend>
        {MODELS.map((model) => <label key={model}><input type="checkbox" checked={models.includes(model)} onChange={() => toggle(model)} /> {plain(model)}</label>)}
      </fieldset>
      {models.length === 0 ? <p className="note">Choose at least one model.</p>
        : !goal.wrong && !touches.wrong && <PictureView id="attribution" title="Attribution" picture="attribution" variables={variables} />}
    </>
  );
}

function Match({ scope, parameters }: Figure) {
  const pattern = parameters.get('pattern') ?? '';
  const values = useValues(parameters.get('dimension') || 'name');
  const variables = { scope, pattern };
  const { data, trouble, loading, again } = useAnswer(PatternFiguresDocument, pattern.trim() === '' ? null : variables);
  const found = trouble ? null : data?.journeys?.match;
  const insert = (value: string) => setParameters({ pattern: `${pattern}${pattern.trim() === '' ? '' : ' -> '}${/^[\p{L}\p{N}_][\p{L}\p{N}_\-.:/]*$/u.test(value) ? value : JSON.stringify(value)}` });
  return (
    <>
      <Field name="pattern" long label="Pattern" placeholder={'Search -> [^"Product Viewed"]* -> $'} />
      <div className="field">
        <label htmlFor="insert">Add a value that occurs</label>
        <select id="insert" value="" onChange={(event) => { if (event.target.value) insert(event.target.value); }}>
          <option value="">choose …</option>
          {values.map((value) => <option key={value} value={value}>{value}</option>)}
        </select>
      </div>
      {pattern.trim() === '' && (
        <Empty>
          <h2>Which journeys do you look for?</h2>
          <p><code>a -&gt; b</code> is b directly after a; <code>*</code> any values between; <code>[a|b]</code> one of these, <code>[^a]</code> any other; <code>^</code> is the start and <code>$</code> the end.</p>
        </Empty>
      )}
      {trouble && (trouble.repeatable ? <Problem trouble={trouble} again={again} /> : <p className="wrong" role="alert">{trouble.message}. {trouble.advice}</p>)}
      {found && pattern.trim() !== '' && (
        <div aria-busy={loading}>
          <p className="figures" role="status">
            <strong>{count(found.journeys)}</strong> {found.journeys === 1 ? 'journey matches' : 'journeys match'}, {perCent(found.share)} of all; {plural(found.occurrences, 'occurrence')}.{' '}
            <QueryLink of={PatternFiguresDocument} variables={variables} />
          </p>
          {found.unknownValues.length > 0 && <p className="warn">No touchpoint has the value {found.unknownValues.map((value) => `“${value}”`).join(', ')}. Is it misspelled? Case counts.</p>}
          {found.journeys > 0 && <PatternPeople scope={scope} pattern={pattern} />}
        </div>
      )}
    </>
  );
}

function Compare({ scope, parameters }: Figure) {
  const { value: other, wrong } = scopeOf(parameters, 'with.');
  const segments = useAnswer(SegmentNamesDocument, {});
  const of = (name: string) => (wrong?.field === name ? wrong.message : null);
  const names = segments.data?.segments.nodes.map(({ name }) => name) ?? [];
  return (
    <>
      <fieldset className="other">
        <legend>The other scope, B</legend>
        <div className="scope">
          <Field name="with.since" label="Since (B)" placeholder="2026-01-31" wrong={of('since')} />
          <Field name="with.until" label="Before (B)" placeholder="2026-12-31" wrong={of('until')} />
          <Choice name="with.segment" label="Segment (B)" options={[['', 'all customers'], ...names.map((name) => [name, name] as const)]} />
          <Field name="with.include" label="Only (B)" list={STEPS} wrong={of('include')} />
          <Field name="with.exclude" label="Without (B)" list={STEPS} wrong={of('exclude')} />
          <Field name="top" label="Transitions shown" placeholder="50" numeric />
        </div>
      </fieldset>
      {other && <PictureView id="compare" title="Comparison" picture="comparison" variables={{ scope, with: other, top: numberOf(parameters, 'top', 50) } satisfies ComparisonPictureQueryVariables} />}
    </>
  );
}
