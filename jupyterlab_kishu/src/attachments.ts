/** The attachments of the notebooks that are open in this page. */

import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import { ISignal, Signal } from '@lumino/signaling';

import { Attachment } from './attachment';
import type { IEnvironment } from './environment';
import type { IAttachment, IAttachmentEvent, IKishu, NotebookContext } from './tokens';

/** The part of JupyterLab's notebook tracker that is used here. */
export interface ITracked {
  readonly currentWidget: NotebookPanel | null;
  readonly currentChanged: ISignal<unknown, NotebookPanel | null>;
}

/** Kishu in this page: makes and keeps an attachment for each notebook. */
export class Attachments implements IKishu {
  constructor(
    private readonly tracked: ITracked,
    private readonly page: IEnvironment
  ) {
    tracked.currentChanged.connect((_, panel) => {
      this._currentChanged.emit(panel && this.attachmentOf(panel));
    });
  }

  get current(): Attachment | null {
    const panel = this.tracked.currentWidget;
    return panel && this.attachmentOf(panel);
  }

  get currentChanged(): ISignal<this, IAttachment | null> {
    return this._currentChanged;
  }

  get attached(): ISignal<this, IAttachment> {
    return this._attached;
  }

  get changed(): ISignal<this, IAttachment> {
    return this._changed;
  }

  get events(): ISignal<this, IAttachmentEvent> {
    return this._events;
  }

  attachmentOf(notebook: NotebookPanel | NotebookContext): Attachment {
    const context = 'context' in notebook ? notebook.context : notebook;
    let attachment = this.byContext.get(context);
    if (!attachment) {
      attachment = new Attachment(context, this.page);
      this.byContext.set(context, attachment);
      this.byModel.set(context.model, attachment);
      this.listenTo(attachment);
    }
    return attachment;
  }

  /** Return the attachment of the notebook that has this model, if there is one. */
  ofModel(model: INotebookModel | null): Attachment | null {
    return (model && this.byModel.get(model)) ?? null;
  }

  private listenTo(attachment: Attachment): void {
    attachment.changed.connect(() => this._changed.emit(attachment));
    attachment.attached.connect(() => this._attached.emit(attachment));
    attachment.events.connect((_, event) => this._events.emit({ attachment, event }));
  }

  private readonly byContext = new WeakMap<NotebookContext, Attachment>();
  private readonly byModel = new WeakMap<INotebookModel, Attachment>();
  private readonly _currentChanged = new Signal<this, IAttachment | null>(this);
  private readonly _attached = new Signal<this, IAttachment>(this);
  private readonly _changed = new Signal<this, IAttachment>(this);
  private readonly _events = new Signal<this, IAttachmentEvent>(this);
}
