// Completes dist/licenses.md with what the bundler can't know: the code and the icons that the packages carry inside.
import { appendFileSync, readFileSync } from 'node:fs';

/** @param {string} path */
const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

appendFileSync(
  new URL('../dist/licenses.md', import.meta.url),
  [
    '\n## Icons in the editor',
    'The icon font that comes with monaco-editor is Codicons by Microsoft, https://github.com/microsoft/vscode-codicons, under',
    'CC BY 4.0, https://creativecommons.org/licenses/by/4.0/. It is unchanged.',
    '\n## Inside monaco-editor\n',
    read('node_modules/monaco-editor/ThirdPartyNotices.txt'),
    '\n## Inside prettier\n',
    read('node_modules/prettier/THIRD-PARTY-NOTICES.md'),
  ].join('\n'),
);
