/** The offer above a notebook's cells to bring back what its last kernel held. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { IAttachment } from './tokens';
import { size } from './words';

/** Above a notebook whose kernel is new: the offer to bring back what the last one held. */
export class Banner extends Widget {
  constructor(
    private readonly attachment: IAttachment,
    private readonly trans: TranslationBundle,
    onRestore: () => void
  ) {
    super();
    this.addClass('jp-Kishu-banner');
    this.node.setAttribute('role', 'status');
    this.text = this.node.appendChild(document.createElement('span'));
    this.text.className = 'jp-Kishu-bannerText';
    this.button(this.trans.__('Restore'), 'jp-mod-accept', onRestore);
    this.button(this.trans.__('Dismiss'), 'jp-mod-reject', () => attachment.dismissLeftover());
    attachment.changed.connect(this.refresh, this);
    this.refresh();
  }

  private refresh(): void {
    const { leftover } = this.attachment;
    if (leftover) {
      this.text.textContent = this.trans._n(
        'The last kernel left %1 variable (%2).',
        'The last kernel left %1 variables (%2).',
        leftover.variables,
        size(leftover.nbytes)
      );
    }
    this.setHidden(leftover === null);
  }

  private button(label: string, kind: string, onClick: () => void): void {
    const button = this.node.appendChild(document.createElement('button'));
    button.type = 'button';
    button.className = `jp-mod-styled ${kind} jp-Kishu-bannerButton`;
    button.textContent = label;
    button.addEventListener('click', onClick);
  }

  private readonly text: HTMLElement;
}
