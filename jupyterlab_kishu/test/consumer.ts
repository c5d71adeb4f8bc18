/** A plugin of somebody else's that uses Kishu: it keeps a list of what was done, as a panel does. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Token } from '@lumino/coreutils';

import { IKishu } from 'jupyterlab_kishu';
import type { Entry, IAttachment } from 'jupyterlab_kishu';

/** What the plugin offers: what was done in which notebook, and the newest commits of one. */
export interface IHistoryList {
  readonly lines: string[];
  newest(count: number): Promise<Entry[]>;
}

export const IHistoryList = new Token<IHistoryList>('consumer:IHistoryList');

const plugin: JupyterFrontEndPlugin<IHistoryList> = {
  id: 'consumer:plugin',
  autoStart: true,
  requires: [IKishu],
  provides: IHistoryList,
  activate: (_, kishu: IKishu): IHistoryList => {
    const lines: string[] = [];
    const name = (attachment: IAttachment) => attachment.context.localPath;
    kishu.attached.connect((_, attachment) => lines.push(`${name(attachment)} attached`));
    kishu.events.connect((_, { attachment, event }) => {
      lines.push(`${name(attachment)} ${event.operations.join(' ')}`);
    });
    kishu.currentChanged.connect((_, current) => {
      lines.push(current ? `${name(current)} in front` : 'none in front');
    });
    return {
      lines,
      newest: async count => kishu.current?.request('log', { automatic: count }) ?? []
    };
  }
};

export default plugin;
