/** The commands: one table, from which they are registered and put into the palette. */

import type { ICommandPalette } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';

import type { Entry, Report, Status } from './messages';
import type { IAttachment, ICheckout, IKishu } from './tokens';
import type { IWords } from './words';

/** The names of the commands. */
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

export type CommandID = (typeof CommandIDs)[keyof typeof CommandIDs];

/** The heading of the commands in the palette. */
const CATEGORY = 'Kishu';

/** What commands show and ask. */
export interface IScreen {
  /** Show while a request is on its way that it is; the user can cancel it. */
  watched<T>(label: string, on: IAttachment, work: () => Promise<T>): Promise<T>;
  /** Ask for a commit's message; null where the user wants none made. */
  askForMessage(): Promise<string | null>;
  /** Ask for one of these commits; null where the user wants none. */
  askForCommit(entries: Entry[], session: Status): Promise<Entry | null>;

  /** Tell that a notebook is attached. */
  initialized(session: Status): void;
  /** Tell what an undo, a redo or a restore did. */
  travelled(report: Report): void;
  /** Tell which commit was made. */
  committed(entry: Entry): void;
  /** Tell what a checkout did, and offer to take it back. */
  checkedOut(report: Report, back: () => void): void;
  /** Tell that cell runs are recorded again, or are not. */
  paused(session: Status | null): void;
  /** Tell that the history is trusted. */
  trusted(): void;
  /** Tell that the session has ended. */
  detached(): void;
  /** Tell what failed; `trust` is offered where that would help. */
  failed(label: string, error: unknown, trust?: () => void): void;
}

/** A row of the table. */
export interface ICommand {
  id: CommandID;
  /**
   * Return what the menu and the palette show.
   *
   * @param on - the notebook in front, or the one that the command is for.
   */
  label(words: IWords, on: IAttachment | null): string;
  /** Return what it does, in a sentence. */
  caption(words: IWords): string;
  icon?: CommandRegistry.ICommandOptions['icon'];
  /** Its chord, as `schema/plugin.json` binds it. */
  keys?: readonly [first: string, second: string];
  /** Return whether it can be used on the notebook in front. */
  isEnabled(on: IAttachment | null): on is IAttachment;
  /**
   * Do it, and show what came of it.
   *
   * @param label - what the command is called in what is shown.
   */
  execute(on: IAttachment, label: string, screen: IScreen): Promise<void>;
}

/** The commands, in the order of the menu. */
export const COMMANDS: readonly ICommand[] = [
  {
    id: CommandIDs.init,
    label: words => words.__('Initialize/Re-attach'),
    caption: words => words.__('Record the cell runs of this notebook from now on'),
    keys: ['Accel K', 'Accel I'],
    isEnabled: hasPythonKernel,
    execute: async (on, label, screen) => {
      screen.initialized(await screen.watched(label, on, () => on.init()));
    }
  },
  {
    id: CommandIDs.undo,
    label: words => words.__('Undo Execution'),
    caption: words =>
      words.__('Bring the variables back to what they were before the last cell run'),
    keys: ['Accel K', 'Accel Z'],
    isEnabled: hasPythonKernel,
    execute: async (on, label, screen) => {
      screen.travelled(await screen.watched(label, on, () => on.undo()));
    }
  },
  {
    id: CommandIDs.redo,
    label: words => words.__('Redo Execution'),
    caption: words => words.__('Bring the variables back to what they were before the last undo'),
    keys: ['Accel K', 'Accel Y'],
    isEnabled: hasPythonKernel,
    execute: async (on, label, screen) => {
      screen.travelled(await screen.watched(label, on, () => on.redo()));
    }
  },
  {
    id: CommandIDs.commit,
    label: words => words.__('Commit…'),
    caption: words => words.__('Name the present variables and cells'),
    keys: ['Accel K', 'Accel C'],
    isEnabled: hasPythonKernel,
    execute: async (on, label, screen) => {
      const message = await screen.askForMessage();
      if (message !== null) {
        screen.committed(await screen.watched(label, on, () => on.commit(message)));
      }
    }
  },
  {
    id: CommandIDs.checkout,
    label: words => words.__('Checkout…'),
    caption: words => words.__('Go to the variables and cells of a commit'),
    keys: ['Accel K', 'Accel V'],
    isEnabled: hasPythonKernel,
    execute: async (on, label, screen) => {
      const entries = await screen.watched(label, on, () => on.log());
      const entry = on.session && (await screen.askForCommit(entries, on.session));
      if (entry) {
        await checkOut(on, label, screen, () => on.checkout(entry.id));
      }
    }
  },
  {
    id: CommandIDs.restore,
    label: words => words.__('Restore the Last State'),
    caption: words =>
      words.__('Bring back the variables that the last kernel of this notebook held'),
    isEnabled: hasPythonKernel,
    execute: async (on, label, screen) => {
      screen.travelled(await screen.watched(label, on, () => on.restore()));
    }
  },
  {
    id: CommandIDs.pause,
    label: (words, on) =>
      isPaused(on) ? words.__('Resume Recording') : words.__('Pause Recording'),
    caption: words => words.__('Leave cell runs out of the history for a while'),
    isEnabled: hasPythonKernel,
    execute: async (on, _, screen) => {
      await (isPaused(on) ? on.unpause() : on.pause());
      screen.paused(on.session);
    }
  },
  {
    id: CommandIDs.trust,
    label: words => words.__('Trust History'),
    caption: words => words.__('Vouch for a history from elsewhere'),
    isEnabled: hasPythonKernel,
    execute: async (on, _, screen) => {
      await on.trust();
      screen.trusted();
    }
  },
  {
    id: CommandIDs.detach,
    label: words => words.__('Detach'),
    caption: words => words.__('Stop recording; the history stays'),
    isEnabled: hasPythonKernel,
    execute: async (on, _, screen) => {
      await on.detach();
      screen.detached();
    }
  }
];

/** Runs the commands of the table, on the notebook in front or on another. */
export class Commands {
  constructor(
    private readonly kishu: Pick<IKishu, 'current' | 'changed'>,
    private readonly screen: IScreen,
    private readonly words: IWords
  ) {}

  /** Add all commands to the application's, and to its palette where it has one. */
  register(
    registry: Pick<CommandRegistry, 'addCommand' | 'notifyCommandChanged'>,
    palette: Pick<ICommandPalette, 'addItem'> | null
  ): void {
    const { kishu, words } = this;
    for (const command of COMMANDS) {
      registry.addCommand(command.id, {
        label: () => command.label(words, kishu.current),
        caption: command.caption(words),
        icon: command.icon,
        isEnabled: () => command.isEnabled(kishu.current),
        execute: async () => {
          const on = kishu.current;
          if (command.isEnabled(on)) {
            await this.run(command.id, on);
          }
        }
      });
      palette?.addItem({ command: command.id, category: CATEGORY });
    }
    kishu.changed.connect(() => registry.notifyCommandChanged());
  }

  /** Do what a command says; tell what comes of it, good or bad. Never fails. */
  async run(id: CommandID, on: IAttachment): Promise<void> {
    const command = COMMANDS.find(row => row.id === id)!;
    const label = command.label(this.words, on).replace('…', '');
    try {
      await command.execute(on, label, this.screen);
    } catch (error) {
      this.screen.failed(label, error, () => void this.run(CommandIDs.trust, on));
    }
  }
}

/** Return whether there is a notebook, and its kernel is one of Python. */
function hasPythonKernel(on: IAttachment | null): on is IAttachment {
  return on !== null && on.phase !== 'foreign';
}

function isPaused(on: IAttachment | null): boolean {
  return on?.session?.why === 'paused';
}

/** Check something out, and offer to take it back: which is a checkout, too. */
async function checkOut(
  on: IAttachment,
  label: string,
  screen: IScreen,
  go: () => Promise<ICheckout>
): Promise<void> {
  const done = await screen.watched(label, on, go);
  screen.checkedOut(done.report, () => {
    checkOut(on, label, screen, () => on.goBack(done)).catch(error => screen.failed(label, error));
  });
}
