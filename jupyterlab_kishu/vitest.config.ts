import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // JupyterLab's own shared model reads cells before it inserts them; Yjs says so each time.
    onConsoleLog: log => !log.includes('Add Yjs type to a document')
  }
});
