/** The plugin of JupyterLab and Notebook 7; other plugins get at it by the token `IKishu`. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { CodeCell } from '@jupyterlab/cells';
import { PageConfig } from '@jupyterlab/coreutils';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { KernelMessage } from '@jupyterlab/services';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Attachments } from './attachments';
import { Badge } from './badge';
import { Banner } from './banner';
import { hearChords } from './chords';
import { CommandIDs, Commands } from './commands';
import type { IPreferences } from './environment';
import { Screen } from './screen';
import { IKishu } from './tokens';

export { CommandIDs } from './commands';
export { isOfKind, KishuError } from './errors';
export type { IPending } from './client';
export type { OwnKind } from './errors';
export * from './messages';
export * from './tokens';

const PLUGIN = 'jupyterlab_kishu:plugin';
/** What begins the names of all commands, and so of the chords that are heard for. */
const PREFIX = 'kishu:';

const plugin: JupyterFrontEndPlugin<IKishu> = {
  id: PLUGIN,
  description: 'A history for the variables and cells of a notebook.',
  autoStart: true,
  provides: IKishu,
  requires: [INotebookTracker],
  optional: [ICommandPalette, ISettingRegistry, ITranslator, IToolbarWidgetRegistry],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null,
    toolbar: IToolbarWidgetRegistry | null
  ): IKishu => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_kishu');
    const { preferences, settled } = read(settings);
    const kishu = new Attachments(tracker, {
      preferences,
      settled,
      serverRoot: PageConfig.getOption('serverRoot'),
      words: trans,
      createMessage: KernelMessage.createMessage
    });
    const screen = new Screen(trans);
    const commands = new Commands(kishu, screen, trans);
    commands.register(app.commands, palette);

    toolbar?.addFactory<NotebookPanel>('Notebook', 'kishu', panel => {
      const attachment = kishu.attachmentOf(panel);
      return new Badge(attachment, screen, trans, () => {
        const attached = attachment.phase === 'attached';
        void commands.run(attached ? CommandIDs.checkout : CommandIDs.init, attachment);
      });
    });
    tracker.widgetAdded.connect((_, panel) => {
      const attachment = kishu.attachmentOf(panel);
      const restore = () => {
        panel.content.activate();
        void commands.run(CommandIDs.restore, attachment);
      };
      hearChords(panel.node, app.commands, PREFIX);
      panel.contentHeader.addWidget(new Banner(attachment, trans, restore));
    });
    followRuns(kishu);
    return kishu;
  }
};

/** Read the user's settings; the defaults serve where there are none. */
function read(settings: ISettingRegistry | null): {
  preferences: () => IPreferences;
  settled: Promise<void>;
} {
  let preferences: IPreferences = { reattach: true, always: false };
  const settled = settings?.load(PLUGIN).then(
    loaded => {
      const take = () => {
        preferences = loaded.composite as unknown as IPreferences;
      };
      take();
      loaded.changed.connect(take);
    },
    error => console.warn('Kishu goes on with its default settings.', error)
  );
  return { preferences: () => preferences, settled: settled ?? Promise.resolve() };
}

/** Tell each notebook's attachment which of its cells run. */
function followRuns(kishu: Attachments): void {
  NotebookActions.executionScheduled.connect((_, { notebook, cell }) => {
    const attachment = kishu.ofModel(notebook.model);
    attachment?.noteScheduled(cell.model.id, cell.model.sharedModel.getSource());
  });
  NotebookActions.executed.connect((_, { notebook, cell }) => {
    const attachment = kishu.ofModel(notebook.model);
    if (attachment && cell.model.type === 'code') {
      attachment.noteExecuted(cell.model.id, (cell as CodeCell).model.executionCount);
    }
  });
}

export default plugin;
