/** What the user is told in notifications, and of the state of a notebook. */

import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { isOfKind, KishuError } from './errors';
import type { Entry, Report, Status } from './messages';
import type { IAttachment, IWaiting } from './tokens';
import { cost, size, told, unchecked } from './words';

/** How long what went well is shown, in milliseconds. */
const BRIEFLY = 6_000;
/** How long a request may take before it is said that it does. */
const PATIENCE = 500;

/** How many characters of a notification JupyterLab shows. */
const ROOM = 140;

/** What the user is told in notifications. */
export class Notices {
  constructor(protected readonly trans: TranslationBundle) {}

  /** Tell that a notebook is attached. */
  initialized(session: Status): void {
    const name = session.notebook.split('/').pop() ?? '';
    this.done([
      this.trans.__('Kishu is initialized.'),
      this.trans.__('Every cell run of %1 can be undone from now on.', name)
    ]);
  }

  /** Tell what an undo, a redo or a restore did. */
  travelled(report: Report): void {
    this.restored(report, [`${report.label}.`, ...told(report, this.trans), ...report.notes]);
  }

  /** Tell which commit was made. */
  committed(entry: Entry): void {
    const where = entry.branches.length
      ? this.trans.__('Committed %1 on %2: %3', short(entry.id), entry.branches[0], entry.label)
      : this.trans.__('Committed %1: %2', short(entry.id), entry.label);
    this.done([where]);
  }

  /** Tell what a checkout did; it can be taken back whole. */
  checkedOut(report: Report, back: () => void): void {
    const notes = report.cells
      ? [this.trans.__('The cells are those of that commit.')]
      : report.notes.map(note => `${capital(note)}.`);
    this.restored(
      report,
      [`${report.label}.`, ...told(report, this.trans), ...notes],
      [{ label: this.trans.__('Undo this'), callback: back }]
    );
  }

  /** Tell that the history is trusted. */
  trusted(): void {
    this.done([this.trans.__('The history is trusted here now.')]);
  }

  /** Tell that the session has ended. */
  detached(): void {
    this.done([this.trans.__('Kishu is detached; the history stays.')]);
  }

  /** Tell that cell runs are recorded again, or are not. */
  paused(session: Status | null): void {
    this.done([
      session?.recording
        ? this.trans.__('Kishu records again.')
        : this.trans.__('Kishu is paused: cell runs are not recorded until it is resumed.')
    ]);
  }

  /** Tell what failed; nothing was changed by it. */
  failed(verb: string, error: unknown, trust?: () => void): void {
    if (isOfKind(error, 'cancelled')) {
      Notification.info(this.trans.__('%1 was cancelled; nothing was changed.', verb), {
        autoClose: BRIEFLY
      });
      return;
    }
    const lines =
      error instanceof KishuError
        ? [error.message, error.remedy]
        : [error instanceof Error ? error.message : String(error)];
    const actions =
      trust && isOfKind(error, 'untrusted')
        ? [{ label: this.trans.__('Trust History'), callback: trust }]
        : [];
    const nothing = isOfKind(error, 'nothing-to-do');
    const sentences = lines.filter(Boolean);
    if (nothing) {
      Notification.info(sentences.join('\n'), { autoClose: BRIEFLY });
    } else {
      sentences[0] = `${verb}: ${sentences[0]}`;
      this.tell('error', sentences, false, actions);
    }
  }

  /**
   * Say while a request is on its way that it waits or how far it is, with a way to cancel it.
   *
   * @returns what to call when it is over.
   */
  watch(verb: string, attachment: IAttachment): () => void {
    let id = '';
    let current: IWaiting | null = null;
    const cancel = {
      label: this.trans.__('Cancel'),
      callback: (event: MouseEvent) => {
        event.preventDefault();
        current?.pending.cancel().catch(error => this.failed(verb, error));
      }
    };
    const show = () => {
      const progress = current?.progress;
      let message: string;
      if (progress?.total) {
        const [done, total] = [size(progress.done), size(progress.total)];
        message =
          progress.what === 'read'
            ? this.trans.__('%1: %2 of %3 read', verb, done, total)
            : this.trans.__('%1: %2 of %3 recorded', verb, done, total);
      } else if (attachment.busy) {
        message = this.trans.__('%1 waits for the kernel, which is busy.', verb);
      } else {
        message = this.trans.__('%1 is under way.', verb);
      }
      const part = progress?.total ? Math.min(1, progress.done / progress.total) : undefined;
      if (id) {
        Notification.update({ id, message, progress: part, actions: [cancel] });
      } else {
        id = Notification.emit(message, 'in-progress', {
          autoClose: false,
          progress: part,
          actions: [cancel]
        });
      }
    };
    const heard = (_: IAttachment, waiting: IWaiting | null) => {
      current = waiting;
      if (waiting?.progress) {
        show();
      }
    };
    attachment.waiting.connect(heard);
    const timer = setTimeout(show, PATIENCE);
    return () => {
      clearTimeout(timer);
      attachment.waiting.disconnect(heard);
      if (id) {
        Notification.dismiss(id);
      }
    };
  }

  /** Say where the session is, in a sentence or two. */
  describe(attachment: IAttachment): string {
    const { session, phase, why } = attachment;
    if (phase === 'attached' && session) {
      if (session.why === 'paused') {
        return this.trans.__('Kishu is paused: cell runs are not recorded.');
      }
      if (!session.recording) {
        return this.trans.__('Kishu does not record: %1', session.why);
      }
      return [
        this.trans.__('Kishu records this notebook in %1.', session.history),
        cost(session, this.trans),
        session.undo
          ? this.trans.__('Undo takes back %1.', session.undo)
          : this.trans.__('There is nothing to undo.')
      ].join(' ');
    }
    if (phase === 'connecting') {
      return this.trans.__('Kishu is looking for its session.');
    }
    return why
      ? this.trans.__('Kishu is not attached: %1', why)
      : this.trans.__('Kishu is not attached to this notebook. Click to initialize it.');
  }

  private done(sentences: string[]): void {
    this.tell('success', sentences, BRIEFLY);
  }

  /**
   * Notify; what does not fit in a notification is shown in a dialog that it offers.
   *
   * @param details - shown in that dialog alone.
   */
  private tell(
    type: 'success' | 'warning' | 'error',
    sentences: string[],
    autoClose: number | false,
    actions: Notification.IAction[] = [],
    details: string[] = []
  ): void {
    const text = sentences.join('\n');
    const more = {
      label: this.trans.__('Details'),
      callback: (event: MouseEvent) => {
        event.preventDefault();
        void showDialog({
          title: 'Kishu',
          body: detailsOf([...sentences, ...details]),
          buttons: [Dialog.okButton({ label: this.trans.__('Close') })]
        });
      }
    };
    const offered = text.length > ROOM || details.length ? [...actions, more] : actions;
    Notification.emit(text, type, { autoClose, actions: offered });
  }

  /** Tell what a restore did; where it left something out, until the user has read it. */
  private restored(
    report: Report,
    sentences: string[],
    actions: Notification.IAction[] = []
  ): void {
    const details = unchecked(report, this.trans);
    if (Object.keys(report.missing).length) {
      this.tell('warning', sentences, false, actions, details);
    } else {
      this.tell('success', sentences, actions.length ? 2 * BRIEFLY : BRIEFLY, actions, details);
    }
  }
}

/** Make paragraphs of sentences. */
function detailsOf(sentences: string[]): Widget {
  const node = document.createElement('div');
  node.className = 'jp-Kishu-details';
  for (const sentence of sentences) {
    node.appendChild(document.createElement('p')).textContent = sentence;
  }
  return new Widget({ node });
}

/** Return a commit's id as it is shown. */
function short(id: string): string {
  return id.slice(0, 8);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
