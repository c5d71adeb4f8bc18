import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: {
      // The package as others see it, but for what needs a page; the browser tests have all of it.
      jupyterlab_kishu: fileURLToPath(new URL('src/tokens.ts', import.meta.url))
    }
  },
  test: {
    // JupyterLab's own shared model reads cells before it inserts them; Yjs says so each time.
    onConsoleLog: log => !log.includes('Add Yjs type to a document')
  }
});
