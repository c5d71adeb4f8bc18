// What a builder makes of a plugin that requires `IKishu`, by hand: its modules are taken from those
// that JupyterLab shares among extensions, and not bundled.
(() => {
  let shared;

  /** Return a module that another extension shares. */
  async function load(name) {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  }

  async function extension() {
    const { IKishu, KishuError } = await load('jupyterlab_kishu');
    const plugin = {
      id: 'kishu-consumer:plugin',
      autoStart: true,
      requires: [IKishu],
      activate: (_, kishu) => {
        const lines = [];
        const name = attachment => attachment.context.localPath;
        kishu.attached.connect((_, attachment) => lines.push(`${name(attachment)} attached`));
        kishu.events.connect((_, { attachment, event }) => {
          lines.push(`${name(attachment)} ${event.operations.join(' ')}`);
        });
        window.kishuConsumer = {
          lines,
          labels: async () => {
            const entries = await kishu.current.request('log', { automatic: 1 });
            return entries.map(entry => entry.label);
          },
          kindOfFailure: async () => {
            const error = await kishu.current.request('redo').catch(error => error);
            return error instanceof KishuError && error.kind;
          }
        };
      }
    };
    return () => ({ __esModule: true, default: plugin });
  }

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB['kishu-consumer'] = {
    init: scope => {
      shared = scope;
    },
    get: () => extension()
  };
})();
