import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import type { Attachment } from './attachment';
import { size } from './words';

/** Above a notebook whose kernel is new: the offer to bring back what the last one held. */
export class Banner extends Widget {
  constructor(
    private readonly attachment: Attachment,
    private readonly trans: TranslationBundle,
    onRestore: () => void
  ) {
    super();
    this.addClass('jp-Kishu-banner');
    this.node.setAttribute('role', 'status');
    this.text = this.node.appendChild(document.createElement('span'));
    this.text.className = 'jp-Kishu-bannerText';
    this.button(this.trans.__('Restore'), 'jp-mod-accept', onRestore);
    this.button(this.trans.__('Dismiss'), 'jp-mod-reject', () => attachment.dismissLeft());
    attachment.changed.connect(this.refresh, this);
    this.refresh();
  }

  private refresh(): void {
    const { left } = this.attachment;
    if (left) {
      this.text.textContent = this.trans._n(
        'The last kernel left %1 variable (%2).',
        'The last kernel left %1 variables (%2).',
        left.variables,
        size(left.nbytes)
      );
    }
    this.setHidden(left === null);
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
