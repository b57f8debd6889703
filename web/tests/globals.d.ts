// What GraphiQL and browser.mjs put into the page under test.
type Monaco = typeof import('monaco-editor');
declare var __MONACO: Monaco | undefined;
declare var editor: (name: string) => import('monaco-editor').editor.ICodeEditor;
declare var editorText: (name: string) => string;
declare var byClass: (name: string) => Element;
declare var luminance: (color: string) => number;
declare var reportViolation: (text: string) => void;
declare var axe: { run(context: Document): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }> };
