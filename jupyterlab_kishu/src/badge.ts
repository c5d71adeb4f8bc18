/** The mark of Kishu in a notebook's toolbar. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import type { Notices } from './notices';
import type { IAttachment } from './tokens';
import { duration } from './words';

/** What the badge shows: `data-state` for the eye, words for everybody. */
type State = 'foreign' | 'connecting' | 'detached' | 'recording' | 'paused' | 'refused';

/** The mark in a notebook's toolbar: whether it is recorded, and what that cost the last time. */
export class Badge extends Widget {
  constructor(
    private readonly attachment: IAttachment,
    private readonly notices: Notices,
    private readonly trans: TranslationBundle,
    onClick: () => void
  ) {
    super();
    this.addClass('jp-Kishu-badge');
    this.button = document.createElement('button');
    this.button.type = 'button';
    this.button.className = 'jp-Kishu-badgeButton';
    this.mark = this.button.appendChild(document.createElement('span'));
    this.mark.className = 'jp-Kishu-badgeMark';
    this.mark.setAttribute('aria-hidden', 'true');
    this.label = this.button.appendChild(document.createElement('span'));
    this.label.className = 'jp-Kishu-badgeLabel';
    this.button.addEventListener('click', onClick);
    this.node.appendChild(this.button);
    this.attachment.changed.connect(this.update, this);
    this.show_();
  }

  protected onUpdateRequest(_: Message): void {
    this.show_();
  }

  private show_(): void {
    const state = this.state;
    const { session } = this.attachment;
    this.node.dataset.state = state;
    this.node.dataset.commits = String(session?.commits ?? 0);
    this.setHidden(state === 'foreign');
    const words: Record<State, string> = {
      foreign: '',
      connecting: 'Kishu',
      detached: 'Kishu',
      recording: session?.last ? `Kishu ${duration(session.last.ms)}` : 'Kishu',
      paused: this.trans.__('Kishu paused'),
      refused: this.trans.__('Kishu not recording')
    };
    this.label.textContent = words[state];
    const described = this.notices.describe(this.attachment);
    this.button.title = described;
    this.button.setAttribute('aria-label', described);
  }

  private get state(): State {
    const { phase, session } = this.attachment;
    if (phase !== 'attached' || !session) {
      return phase === 'attached' ? 'connecting' : phase;
    }
    if (session.recording) {
      return 'recording';
    }
    return session.why === 'paused' ? 'paused' : 'refused';
  }

  private readonly button: HTMLButtonElement;
  private readonly mark: HTMLElement;
  private readonly label: HTMLElement;
}
