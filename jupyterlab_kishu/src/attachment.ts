/** One notebook's attachment to Kishu: what can be asked of it, and what it says of itself. */

import { ISignal, Signal } from '@lumino/signaling';

import { Document } from './document';
import type { IEnvironment } from './environment';
import { Identity } from './identity';
import { Lifecycle } from './lifecycle';
import type { Entry, Event, Report, Status, Target } from './messages';
import { Requests } from './requests';
import { Runs } from './runs';
import type {
  Fields,
  IAttachment,
  ICheckout,
  ILeftover,
  IResults,
  IWaiting,
  NotebookContext,
  Phase,
  PlainVerb
} from './tokens';

/** How often a checkout is asked again because the notebook was edited meanwhile. */
const TRIES = 3;

/** The attachment of one notebook; `IAttachment` says what its members are. */
export class Attachment implements IAttachment {
  constructor(
    readonly context: NotebookContext,
    page: IEnvironment
  ) {
    this.document = new Document(() => context.model?.sharedModel ?? null);
    this.identity = new Identity(context, page.serverRoot);
    this.runs = new Runs(this.document, this.identity);
    this.lifecycle = new Lifecycle(context, page, this.identity, this.document, () => {
      this.document.forget();
      this.runs.clear();
    });
    this.requests = new Requests(this.lifecycle, this.identity, this.document, this.runs);
    this.lifecycle.changed.connect(() => this._changed.emit());
    this.lifecycle.attached.connect((_, session) => this._attached.emit(session));
    this.lifecycle.events.connect(this.onEvent, this);
    this.requests.waiting.connect((_, waiting) => this._waiting.emit(waiting));
    context.disposed.connect(this.dispose, this);
    // A notebook that cannot be loaded has no kernel either, and JupyterLab says so.
    void Promise.allSettled([context.ready, page.settled]).then(() => {
      if (!this._isDisposed) {
        this.lifecycle.start();
      }
    });
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get disposed(): ISignal<this, void> {
    return this._disposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this.lifecycle.stop();
      this._disposed.emit();
      Signal.clearData(this);
    }
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get attached(): ISignal<this, Status> {
    return this._attached;
  }

  get events(): ISignal<this, Event> {
    return this._events;
  }

  get waiting(): ISignal<this, IWaiting | null> {
    return this._waiting;
  }

  get phase(): Phase {
    return this.lifecycle.phase;
  }

  get session(): Status | null {
    return this.lifecycle.session;
  }

  get leftover(): ILeftover | null {
    return this.lifecycle.leftover;
  }

  get why(): string {
    return this.lifecycle.why;
  }

  get busy(): boolean {
    return this.lifecycle.client?.kernel.status === 'busy';
  }

  request<V extends PlainVerb>(verb: V, fields: Fields<V> = {} as Fields<V>): Promise<IResults[V]> {
    return this.requests.ask(verb, fields);
  }

  async init(): Promise<Status> {
    return this.lifecycle.attach(await this.lifecycle.ready());
  }

  undo(): Promise<Report> {
    return this.request('undo');
  }

  redo(): Promise<Report> {
    return this.request('redo');
  }

  commit(message: string): Promise<Entry> {
    return this.request('commit', { message });
  }

  async checkout(ref: string, variables = true): Promise<ICheckout> {
    let told = '';
    const ask = (variables: boolean) =>
      this.requests.ask('checkout', { ref, variables }, () => {
        told = this.document.state;
      });
    const report = await ask(variables);
    let target = report.cells;
    let cellsBefore = report.before;
    for (let tries = 0; target && this.document.state !== told && tries < TRIES; tries++) {
      // Edited while the request was waiting: that goes into the history before it is replaced.
      // The kernel takes the cells for replaced already: "as told before" would mean those.
      this.document.forget();
      const again = await ask(false);
      cellsBefore = again.before;
      target = again.cells;
    }
    if (target) {
      this.replaceCells(target);
    }
    return { report, cellsBefore };
  }

  async goBack({ report, cellsBefore }: ICheckout): Promise<ICheckout> {
    const back = await this.checkout(report.before);
    if (cellsBefore !== report.before) {
      await this.checkout(cellsBefore, false);
    }
    return back;
  }

  async restore(): Promise<Report> {
    const report = await this.requests.ask('restore', {});
    this.lifecycle.dropLeftover();
    return report;
  }

  dismissLeftover(): void {
    this.lifecycle.dropLeftover();
  }

  log(): Promise<Entry[]> {
    return this.request('log');
  }

  async trust(): Promise<void> {
    await this.request('trust');
  }

  async pause(): Promise<void> {
    await this.request('pause');
  }

  async unpause(): Promise<void> {
    await this.request('unpause');
  }

  async detach(): Promise<void> {
    await this.request('detach');
  }

  /** Note a cell that is on its way to the kernel: its text is what will have run. */
  noteScheduled(id: string, source: string): void {
    this.runs.scheduled(id, source);
  }

  /** Tell the kernel what the notebook looks like now that a cell has run. */
  noteExecuted(id: string, number: number | null): void {
    this.runs.executed(id, number, this.phase === 'attached' ? this.lifecycle.client : null);
  }

  private onEvent(_: unknown, event: Event): void {
    if (event.progress) {
      this.requests.noteProgress(event.progress);
    } else if (
      this.phase === 'attached' &&
      event.wanted &&
      event.wanted_of === this.identity.client
    ) {
      void this.follow(event.wanted);
    }
    this._events.emit(event);
  }

  /** Bring the cells of a commit that a cell has checked out: only a front end can change them. */
  private async follow(commit: string): Promise<void> {
    try {
      await this.checkout(commit, false);
    } catch (error) {
      console.warn('Kishu could not bring the cells back.', error);
    }
  }

  private replaceCells(target: Target): void {
    try {
      this.document.replace(target.cells);
    } catch (error) {
      this.document.forget();
      throw error;
    }
  }

  private readonly document: Document;
  private readonly identity: Identity;
  private readonly runs: Runs;
  private readonly lifecycle: Lifecycle;
  private readonly requests: Requests;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _attached = new Signal<this, Status>(this);
  private readonly _events = new Signal<this, Event>(this);
  private readonly _waiting = new Signal<this, IWaiting | null>(this);
  private readonly _disposed = new Signal<this, void>(this);
  private _isDisposed = false;
}
