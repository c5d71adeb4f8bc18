import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, InputDialog, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { CodeCell } from '@jupyterlab/cells';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { TranslationBundle } from '@jupyterlab/translation';

import { Attachment, ICheckout, IPreferences } from './attachment';
import { Badge } from './badge';
import { Banner } from './banner';
import { hearChords } from './chords';
import { askForCommit } from './checkout';
import { Notices } from './notices';

const PLUGIN = 'jupyterlab_kishu:plugin';

/** The names of the commands, as the menu and the chords in `schema/plugin.json` have them. */
export const CommandIDs = {
  init: 'kishu:init',
  undo: 'kishu:undo',
  redo: 'kishu:redo',
  commit: 'kishu:commit',
  checkout: 'kishu:checkout',
  restore: 'kishu:restore',
  pause: 'kishu:pause',
  trust: 'kishu:trust',
  detach: 'kishu:detach'
} as const;

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN,
  description: 'A history for the variables and cells of a notebook.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette, ISettingRegistry, ITranslator, IToolbarWidgetRegistry],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    settings: ISettingRegistry | null,
    translator: ITranslator | null,
    toolbar: IToolbarWidgetRegistry | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_kishu');
    const kishu = new Kishu(app, tracker, trans);
    kishu.addCommands(palette);
    if (settings) {
      kishu.loaded = settings.load(PLUGIN).then(
        loaded => {
          const read = () => {
            kishu.preferences = loaded.composite as unknown as IPreferences;
          };
          read();
          loaded.changed.connect(read);
        },
        error => console.warn('Kishu goes on with its default settings.', error)
      );
    }
    toolbar?.addFactory<NotebookPanel>('Notebook', 'kishu', panel => kishu.badge(panel));
    kishu.watch();
  }
};

/** Kishu in this page: an attachment for each notebook that is open, and the commands. */
class Kishu {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly tracker: INotebookTracker,
    private readonly trans: TranslationBundle
  ) {
    this.notices = new Notices(trans);
  }

  preferences: IPreferences = { reattach: true, always: false };
  /** Resolves when the user's settings are known. */
  loaded: Promise<void> = Promise.resolve();

  /** Follow the notebooks that are opened, and their cells' runs. */
  watch(): void {
    this.tracker.widgetAdded.connect((_, panel) => {
      const attachment = this.attachmentOf(panel);
      const restore = () => {
        panel.content.activate();
        void this.run(CommandIDs.restore, attachment);
      };
      hearChords(panel.node, this.app.commands, 'kishu:');
      panel.contentHeader.addWidget(new Banner(attachment, this.trans, restore));
    });
    NotebookActions.executionScheduled.connect((_, { notebook, cell }) => {
      const attachment = notebook.model && this.byModel.get(notebook.model);
      attachment?.noteScheduled(cell.model.id, cell.model.sharedModel.getSource());
    });
    NotebookActions.executed.connect((_, { notebook, cell }) => {
      const attachment = notebook.model && this.byModel.get(notebook.model);
      if (attachment && cell.model.type === 'code') {
        attachment.noteExecuted(cell.model.id, (cell as CodeCell).model.executionCount);
      }
    });
  }

  /** The mark for a notebook's toolbar. */
  badge(panel: NotebookPanel): Badge {
    const attachment = this.attachmentOf(panel);
    return new Badge(attachment, this.notices, this.trans, () => {
      const attached = attachment.standing === 'attached';
      void this.run(attached ? CommandIDs.checkout : CommandIDs.init, attachment);
    });
  }

  addCommands(palette: ICommandPalette | null): void {
    const { trans } = this;
    const labels: [id: string, label: string, caption: string][] = [
      [
        CommandIDs.init,
        trans.__('Initialize/Re-attach'),
        trans.__('Record the cell runs of this notebook from now on')
      ],
      [
        CommandIDs.undo,
        trans.__('Undo Execution'),
        trans.__('Bring the variables back to what they were before the last cell run')
      ],
      [
        CommandIDs.redo,
        trans.__('Redo Execution'),
        trans.__('Bring the variables back to what they were before the last undo')
      ],
      [CommandIDs.commit, trans.__('Commit…'), trans.__('Name the present variables and cells')],
      [
        CommandIDs.checkout,
        trans.__('Checkout…'),
        trans.__('Go to the variables and cells of a commit')
      ],
      [
        CommandIDs.restore,
        trans.__('Restore the Last State'),
        trans.__('Bring back the variables that the last kernel of this notebook held')
      ],
      [CommandIDs.trust, trans.__('Trust History'), trans.__('Vouch for a history from elsewhere')],
      [CommandIDs.detach, trans.__('Detach'), trans.__('Stop recording; the history stays')]
    ];
    for (const [id, label, caption] of labels) {
      this.app.commands.addCommand(id, {
        label,
        caption,
        isEnabled: () => this.current !== null,
        execute: () => this.run(id, this.current)
      });
    }
    this.app.commands.addCommand(CommandIDs.pause, {
      label: () =>
        this.current?.session?.why === 'paused'
          ? trans.__('Resume Recording')
          : trans.__('Pause Recording'),
      caption: trans.__('Leave cell runs out of the history for a while'),
      isEnabled: () => this.current !== null,
      execute: () => this.run(CommandIDs.pause, this.current)
    });
    if (palette) {
      const category = 'Kishu';
      for (const command of Object.values(CommandIDs)) {
        palette.addItem({ command, category });
      }
    }
  }

  /** The notebook in front, if its kernel is one of Python. */
  private get current(): Attachment | null {
    const panel = this.tracker.currentWidget;
    const attachment = panel && this.attachmentOf(panel);
    return attachment && attachment.standing !== 'foreign' ? attachment : null;
  }

  private attachmentOf(panel: NotebookPanel): Attachment {
    let attachment = this.byContext.get(panel.context);
    if (!attachment) {
      attachment = new Attachment(panel.context, () => this.preferences, this.loaded, this.trans);
      this.byContext.set(panel.context, attachment);
      this.byModel.set(panel.context.model, attachment);
      attachment.changed.connect(() => this.app.commands.notifyCommandChanged());
    }
    return attachment;
  }

  /** Do what a command says; what comes of it, good or bad, is told in a notification. */
  private async run(id: string, attachment: Attachment | null): Promise<void> {
    if (!attachment) {
      return;
    }
    const verb = this.app.commands.label(id).replace('…', '');
    try {
      await this.acts[id](attachment, verb);
    } catch (error) {
      const trust = () => void this.run(CommandIDs.trust, attachment);
      this.notices.failed(verb, error, trust);
    }
  }

  private readonly acts: Record<string, (on: Attachment, verb: string) => Promise<void>> = {
    [CommandIDs.init]: async (on, verb) => {
      this.notices.initialized(await this.watched(verb, on, () => on.init()));
    },
    [CommandIDs.undo]: async (on, verb) => {
      this.notices.travelled(await this.watched(verb, on, () => on.undo()));
    },
    [CommandIDs.redo]: async (on, verb) => {
      this.notices.travelled(await this.watched(verb, on, () => on.redo()));
    },
    [CommandIDs.restore]: async (on, verb) => {
      this.notices.travelled(await this.watched(verb, on, () => on.restore()));
    },
    [CommandIDs.commit]: async (on, verb) => {
      const { trans } = this;
      const { button, value } = await InputDialog.getText({
        title: trans.__('Commit the variables and cells'),
        label: trans.__('Message, to remember this state by'),
        okLabel: trans.__('Commit')
      });
      if (button.accept) {
        const message = (value ?? '').trim();
        this.notices.committed(await this.watched(verb, on, () => on.commit(message)));
      }
    },
    [CommandIDs.checkout]: async (on, verb) => {
      const entries = await this.watched(verb, on, () => on.log());
      const entry = on.session && (await askForCommit(entries, on.session, this.trans));
      if (entry) {
        await this.checkOut(on, verb, () => on.checkout(entry.id));
      }
    },
    [CommandIDs.pause]: async on => {
      await (on.session?.why === 'paused' ? on.unpause() : on.pause());
      this.notices.paused(on.session);
    },
    [CommandIDs.trust]: async on => {
      await on.trust();
      this.notices.trusted();
    },
    [CommandIDs.detach]: async on => {
      await on.detach();
      this.notices.detached();
    }
  };

  private async checkOut(
    on: Attachment,
    verb: string,
    go: () => Promise<ICheckout>
  ): Promise<void> {
    const done = await this.watched(verb, on, go);
    this.notices.checkedOut(done.report, () => {
      this.checkOut(on, verb, () => on.goBack(done)).catch(error => {
        this.notices.failed(verb, error);
      });
    });
  }

  private async watched<T>(verb: string, on: Attachment, work: () => Promise<T>): Promise<T> {
    const over = this.notices.watch(verb, on);
    try {
      return await work();
    } finally {
      over();
    }
  }

  private readonly notices: Notices;
  private readonly byContext = new WeakMap<NotebookPanel['context'], Attachment>();
  private readonly byModel = new WeakMap<INotebookModel, Attachment>();
}

export default plugin;
