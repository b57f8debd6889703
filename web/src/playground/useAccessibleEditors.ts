// Makes Monaco usable by keyboard and screen reader: names for the editors, and Tab that leaves them.
import { useMonaco } from '@graphiql/react';
import { TabFocus } from 'monaco-editor/esm/vs/editor/browser/config/tabFocus.js';
import { useEffect } from 'react';

const NAMES: Record<string, string> = {
  'operation.graphql': 'Query',
  'variables.json': 'Variables, as JSON',
  'request-headers.json': 'Headers, as JSON',
  'response.json': 'Answer',
};

export function useAccessibleEditors(): void {
  const monaco = useMonaco((state) => state.monaco);
  useEffect(() => {
    if (!monaco) return;
    // By default Tab indents, and who has no mouse is caught in the editor. Ctrl-M turns it round.
    TabFocus.setTabFocusMode(true);
    const dress = (editor: import('monaco-editor').editor.ICodeEditor) => {
      const path = editor.getModel()?.uri.path ?? '';
      const name = Object.entries(NAMES).find(([end]) => path.endsWith(end))?.[1];
      if (!name) return;
      // Lines wrap, so that large text needs no scrolling sideways.
      editor.updateOptions({ ariaLabel: name, wordWrap: 'on', fontFamily: 'ui-monospace, monospace' });
      const box = editor.getContainerDomNode();
      if (box.hasAttribute('aria-label')) return;
      box.setAttribute('role', 'group');
      box.setAttribute('aria-label', `${name}: press Enter to edit`);
    };
    monaco.editor.getEditors().forEach(dress);
    const listener = monaco.editor.onDidCreateEditor(dress);
    return () => listener.dispose();
  }, [monaco]);
}
