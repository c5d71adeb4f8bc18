/** What commands show and ask, by JupyterLab's dialogs and notifications. */

import { InputDialog } from '@jupyterlab/apputils';

import { askForCommit } from './checkout';
import type { IScreen } from './commands';
import type { Entry, Status } from './messages';
import { Notices } from './notices';
import type { IAttachment } from './tokens';

/** The page's notifications, and its dialogs. */
export class Screen extends Notices implements IScreen {
  async watched<T>(label: string, on: IAttachment, work: () => Promise<T>): Promise<T> {
    const over = this.watch(label, on);
    try {
      return await work();
    } finally {
      over();
    }
  }

  async askForMessage(): Promise<string | null> {
    const { button, value } = await InputDialog.getText({
      title: this.trans.__('Commit the variables and cells'),
      label: this.trans.__('Message, to remember this state by'),
      okLabel: this.trans.__('Commit')
    });
    return button.accept ? (value ?? '').trim() : null;
  }

  askForCommit(entries: Entry[], session: Status): Promise<Entry | null> {
    return askForCommit(entries, session, this.trans);
  }
}
