// A person's decision about identity: split, merge or keep apart. What it would do is shown before it can be done.
import { useState, type FormEvent } from 'react';
import { ask, troubleOf, useAnswer, type Trouble } from '../api/client';
import { KeepApartDocument, MergeDocument, MergeTrialDocument, SplitDocument, SplitTrialDocument, type IdentifierInput, type TrialFragment } from '../api/generated';
import { Problem, QueryLink, Waiting } from '../app/parts';
import { customerAt, go } from '../app/router';
import { money, plain, plural } from '../app/words';
import { HitLine } from '../search/SearchBox';
import { useSearch } from '../search/useSearch';

type Outcome = { status: string; problems: { message: string }[] } | null;

export function Decide({ id, identifiers, done }: { id: string; identifiers: IdentifierInput[]; done: () => void }) {
  return (
    <div className="cards wide">
      <Split id={id} identifiers={identifiers} done={done} />
      <Merge id={id} done={done} />
    </div>
  );
}

function Split({ id, identifiers, done }: { id: string; identifiers: IdentifierInput[]; done: () => void }) {
  const variables = { id, identifiers };
  const trial = useAnswer(SplitTrialDocument, identifiers.length > 0 ? variables : null);
  return (
    <section aria-labelledby="split">
      <h2 id="split">Split off</h2>
      {identifiers.length === 0 ? <p className="note">Select the identifiers above that are another person’s.</p> : (
        <>
          <p>{plural(identifiers.length, 'identifier')} selected: {identifiers.map(({ kind, value }) => `${plain(kind)} ${value}`).join(', ')}. <QueryLink of={SplitTrialDocument} variables={variables} /></p>
          <Trial {...trial} trial={trial.data?.customerSplitTrial ?? null} />
          {works(trial.data?.customerSplitTrial) && !trial.loading && (
            <Reason key={JSON.stringify(identifiers)} verb="Split" act={async (reason) => (await ask(SplitDocument, { ...variables, reason })).customerSplit} done={done} />
          )}
        </>
      )}
    </section>
  );
}

function Merge({ id, done }: { id: string; done: () => void }) {
  const [typed, setTyped] = useState('');
  const [other, setOther] = useState('');
  const search = useSearch(other ? '' : typed);
  const found = search.hits.filter(({ customer }) => customer.id !== id);
  const ids = [id, other];
  const trial = useAnswer(MergeTrialDocument, other ? { ids } : null);
  return (
    <section aria-labelledby="merge">
      <h2 id="merge">Merge, or keep apart</h2>
      <label className="field">The other customer
        <input type="text" value={typed} autoComplete="off" placeholder="Name, e-mail, phone, card …" onChange={(event) => { setTyped(event.target.value); setOther(''); }} />
      </label>
      {search.trouble && <Problem trouble={search.trouble} again={search.again} />}
      {!other && typed.trim() && !search.loading && found.length === 0 && <p className="note">No other customer is found by this.</p>}
      {!other && found.length > 0 && (
        <ul className="hits">
          {found.slice(0, 6).map((hit) => (
            <li key={hit.customer.id}><button type="button" onClick={() => { setOther(hit.customer.id); setTyped(hit.customer.displayName ?? hit.why); }}><HitLine hit={hit} /></button></li>
          ))}
        </ul>
      )}
      {other && (
        <>
          <p>What a merge would give: <QueryLink of={MergeTrialDocument} variables={{ ids }} /></p>
          <Trial {...trial} trial={trial.data?.customerMergeTrial ?? null} />
          {works(trial.data?.customerMergeTrial) && !trial.loading && (
            <Reason
              key={other} verb="Merge"
              act={async (reason) => {
                const { customerMerge } = await ask(MergeDocument, { ids, reason });
                if (customerMerge?.customer && customerMerge.customer.id !== id) go(`${customerAt(customerMerge.customer.id)}?view=identity`);
                return customerMerge;
              }}
              done={() => { setOther(''); setTyped(''); done(); }}
            />
          )}
          <Reason key={`${other} apart`} verb="Keep apart" act={async (reason) => (await ask(KeepApartDocument, { ids, reason })).customersKeepApart} done={done} />
        </>
      )}
    </section>
  );
}

function works(trial: TrialFragment | null | undefined): boolean {
  return Boolean(trial && trial.problems.length === 0 && trial.customers.length > 0);
}

function Trial({ trial, trouble, loading, again }: { trial: TrialFragment | null; trouble: Trouble | null; loading: boolean; again: () => void }) {
  if (trouble) return <Problem trouble={trouble} again={again} />;
  if (loading || !trial) return <Waiting>Trying it, without doing it …</Waiting>;
  if (trial.problems.length > 0) {
    return <ul className="problem" role="alert">{trial.problems.map(({ message }) => <li key={message}>{message}</li>)}</ul>;
  }
  return (
    <div className="scroll" tabIndex={0} role="group" aria-label="Result of the trial">
      <table>
        <caption>Then there would be {plural(trial.customers.length, 'customer')}</caption>
        <thead><tr><th scope="col">Customer</th><th scope="col">Identifiers</th><th scope="col" className="number">Touchpoints</th><th scope="col" className="number">Orders</th><th scope="col" className="number">Net spend</th></tr></thead>
        <tbody>
          {trial.customers.map((sketch, index) => (
            <tr key={sketch.customerId ?? index}>
              <th scope="row">{sketch.displayName ?? 'Without a name'} {sketch.customerId === null && <small>new</small>}</th>
              <td>{sketch.identifiers.map(({ kind, value }) => `${plain(kind)} ${value}`).join(', ')}</td>
              <td className="number">{sketch.touchpointCount}</td><td className="number">{sketch.orderCount}</td>
              <td className="number">{sketch.spend.map(({ net }) => money(net)).join(', ') || '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** No decision without a reason: it stays in the history of the identity. */
function Reason({ verb, act, done }: { verb: string; act: (reason: string) => Promise<Outcome>; done: () => void }) {
  const [reason, setReason] = useState('');
  const [state, setState] = useState<{ busy: boolean; said: string; trouble: Trouble | null }>({ busy: false, said: '', trouble: null });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!reason.trim()) return setState({ busy: false, said: 'Give a reason first: it is kept with the decision.', trouble: null });
    setState({ busy: true, said: '', trouble: null });
    try {
      const outcome = await act(reason.trim());
      const said = outcome?.status === 'DONE' ? 'Done.' : outcome?.status === 'UNCHANGED' ? 'Nothing changed: it was so already.' : (outcome?.problems.map(({ message }) => message).join('; ') || 'Refused.');
      setState({ busy: false, said, trouble: null });
      if (outcome?.status === 'DONE') done();
    } catch (error) {
      setState({ busy: false, said: '', trouble: troubleOf(error) });
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label className="field">Reason to {verb.toLowerCase()} <input type="text" value={reason} onChange={(event) => setReason(event.target.value)} /></label>
      <button type="submit" disabled={state.busy}>{verb}</button>
      <p role="status" className="note">{state.said}</p>
      {state.trouble && <Problem trouble={state.trouble} />}
    </form>
  );
}
