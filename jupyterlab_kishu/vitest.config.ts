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
    // A machine that does other things at the same time is no fault: this ends only what hangs.
    testTimeout: 60_000,
    // JupyterLab's own shared model reads cells before it inserts them; Yjs says so each time.
    onConsoleLog: log => !log.includes('Add Yjs type to a document')
  }
});
