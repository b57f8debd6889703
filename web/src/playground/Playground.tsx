// The playground: GraphiQL with the worlds as ready queries, or with the query of the address.
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './workers';
import './playground.css';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { useState } from 'react';
import { setParameters, useAddress } from '../app/router';
import { fetcher } from './fetcher';
import { firstTabs } from './readyQueries';
import { Trouble } from './Trouble';
import { useAccessibleEditors } from './useAccessibleEditors';
import { useSystemTheme } from './useSystemTheme';
import { worldsPlugin } from './WorldsPanel';

const plugins = [worldsPlugin, HISTORY_PLUGIN];
const firstVisit = !stored('graphiql:tabState');

const NO_QUERY = `# Write a query here and run it with Ctrl-Enter.
{
  status {
    version
    store
    customers
    touchpoints
  }
}
`;

export function Playground() {
  useAccessibleEditors();
  const { parameters } = useAddress();
  // Read once: from then on the editors lead and the address follows.
  const [given] = useState(() => ({ query: parameters.get('query'), variables: parameters.get('variables'), operationName: parameters.get('operationName') }));
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={plugins}
      defaultQuery={NO_QUERY}
      {...(given.query && { initialQuery: given.query, initialVariables: given.variables ?? '' })}
      {...(given.operationName && { operationName: given.operationName })}
      onEditQuery={(query) => remember({ query: query === NO_QUERY ? null : query })}
      onEditVariables={(variables) => remember({ variables })}
      onEditOperationName={(operationName) => remember({ operationName })}
      {...(given.query ? { defaultTabs: [{ query: given.query, variables: given.variables }] } : firstTabs.length > 0 && { defaultTabs: firstTabs.map(({ query }) => ({ query })) })}
      {...(firstVisit && !given.query && { visiblePlugin: worldsPlugin.title })}
      // A header may hold a token, so it is never written to the browser's storage.
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
    >
      <GraphiQL.Logo>
        <h1 className="title">Playground</h1>
      </GraphiQL.Logo>
      <SystemTheme />
      <Trouble />
    </GraphiQL>
  );
}

/** Editors may still speak after the person went to another page. */
function remember(values: Record<string, string | null>): void {
  if (location.pathname === '/playground') setParameters(values);
}

/** A component only because the hook needs GraphiQL around it. */
function SystemTheme() {
  useSystemTheme();
  return null;
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage may be switched off
  }
}
