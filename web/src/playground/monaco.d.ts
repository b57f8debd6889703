// A part of Monaco that ships without types: whether Tab moves the focus, for all editors of the page.
declare module 'monaco-editor/esm/vs/editor/browser/config/tabFocus.js' {
  export const TabFocus: { setTabFocusMode(tabMovesFocus: boolean): void };
}
