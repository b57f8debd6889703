// The page: GraphiQL with the worlds as ready queries.
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import './console.css';
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

export function Console() {
  useAccessibleEditors();
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={plugins}
      defaultQuery={NO_QUERY}
      {...(firstTabs.length > 0 && { defaultTabs: firstTabs.map(({ query }) => ({ query })) })}
      {...(firstVisit && { visiblePlugin: worldsPlugin.title })}
      // A header may hold a token, so it is never written to the browser's storage.
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
    >
      <GraphiQL.Logo>
        <h1 className="title">Throughline</h1>
      </GraphiQL.Logo>
      <SystemTheme />
      <Trouble />
    </GraphiQL>
  );
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
