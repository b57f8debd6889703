// How the console is bundled: everything into dist/, nothing fetched from elsewhere at run time.
import { defineConfig } from 'vite';

const throughline = process.env['THROUGHLINE_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  build: {
    // An inlined asset is a data: URL, which the content security policy refuses for fonts and scripts.
    assetsInlineLimit: 0,
    // Monaco is one big lazy chunk by nature; the warning would be there for ever.
    chunkSizeWarningLimit: 4000,
    // The notices that the licences of the bundled packages ask for travel with the bundle.
    license: { fileName: 'licenses.md' },
    rollupOptions: {
      onwarn(warning, warn) {
        // "use client" and its like speak to React servers; there is none here.
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  worker: { format: 'es' },
  // For `npm run dev`: what Monaco's workers import as CommonJS has to be turned into modules first; the ready queries lie above this folder, and a running Throughline answers.
  optimizeDeps: { include: ['monaco-graphql > picomatch-browser', 'graphql-language-service > nullthrows'] },
  server: {
    fs: { allow: ['..'] },
    // The short form would change `Host` and leave `Origin`, which the API refuses as another page's request.
    proxy: {
      '/graphql': { target: throughline, changeOrigin: false, ws: true },
      '/pictures': { target: throughline, changeOrigin: false },
      '/health': { target: throughline, changeOrigin: false },
    },
  },
});
