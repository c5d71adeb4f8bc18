import { PageConfig } from '@jupyterlab/coreutils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Client, eventOf, IPending, KishuError } from './client';
import { Document } from './document';
import {
  Attached,
  Entry,
  Event,
  PROTOCOL,
  Progress,
  Report,
  ShellRequest,
  Status,
  Target,
  ToldCell,
  Welcome,
  Where
} from './messages';

/** What the user has set. */
export interface IPreferences {
  /** Attach again to a notebook that was initialized once. */
  reattach: boolean;
  /** Attach to every Python notebook. */
  always: boolean;
}

/**
 * How a notebook stands to Kishu.
 *
 * - `foreign`: there is no Python kernel.
 * - `connecting`: it is being found out.
 * - `detached`: a Python kernel, and no session in it.
 * - `attached`: there is one.
 */
export type Standing = 'foreign' | 'connecting' | 'detached' | 'attached';

/** What the last kernel left, to be restored. */
export interface ILeft {
  variables: number;
  nbytes: number;
}

/** A request that the user waits for. */
export interface IWaiting {
  pending: IPending<unknown>;
  /** How far it is, once the kernel has begun it. */
  progress: Progress | null;
}

/** What a checkout did. */
export interface ICheckout {
  report: Report;
  /** The commit of the cells before it; that of the variables is the report's `before`. */
  cellsBefore: string;
}

/**
 * One notebook's tie to Kishu in its kernel.
 *
 * It outlives kernels: after a restart, or with another kernel, it attaches anew where the user
 * wants that.
 */
export class Attachment implements IDisposable {
  constructor(
    readonly context: DocumentRegistry.IContext<INotebookModel>,
    private readonly preferences: () => IPreferences,
    loaded: Promise<unknown>,
    private readonly trans: TranslationBundle
  ) {
    this.document = new Document(() => context.model?.sharedModel ?? null);
    context.disposed.connect(this.dispose, this);
    // A notebook that cannot be loaded has no kernel either, and JupyterLab says so.
    void Promise.allSettled([context.ready, loaded]).then(() => {
      if (!this.disposed) {
        context.sessionContext.kernelChanged.connect(this.onKernelChanged, this);
        this.adopt(context.sessionContext.session?.kernel ?? null);
      }
    });
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    if (!this.disposed) {
      this.disposed = true;
      this.adopt(null);
      Signal.clearData(this);
    }
  }

  /** Anything that is shown of it has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The user's request is on its way, has got further (`progress`), or is over (`null`). */
  get waiting(): ISignal<this, IWaiting | null> {
    return this._waiting;
  }

  /** How the notebook stands to Kishu. */
  standing: Standing = 'connecting';
  /** Where the session is; null where none is attached. */
  session: Status | null = null;
  /** What the last kernel left, where it can be restored still. */
  left: ILeft | null = null;
  /** Why it is not attached, where that was tried. */
  why = '';

  /** Whether the kernel is at work, so that a request would wait. */
  get busy(): boolean {
    return this.client?.kernel.status === 'busy';
  }

  /**
   * Attach, or find that it is attached.
   *
   * @throws KishuError
   */
  async init(): Promise<Status> {
    return this.attach(await this.ready());
  }

  async undo(): Promise<Report> {
    return this.ask<Report>(cells => ({ verb: 'undo', cells }));
  }

  async redo(): Promise<Report> {
    return this.ask<Report>(cells => ({ verb: 'redo', cells }));
  }

  async commit(message: string): Promise<Entry> {
    return this.ask<Entry>(cells => ({ verb: 'commit', message, cells }));
  }

  /** Go to another state; the notebook's cells are those of that state when this resolves. */
  async checkout(ref: string, variables = true): Promise<ICheckout> {
    let told = '';
    const ask = (variables: boolean) =>
      this.ask<Report>(cells => {
        told = this.document.state;
        return { verb: 'checkout', ref, variables, cells };
      });
    const report = await ask(variables);
    let target = report.cells;
    let cellsBefore = report.before;
    for (let tries = 0; target && this.document.state !== told && tries < 3; tries++) {
      // Edited while the request was waiting: that goes into the history before it is replaced.
      // The kernel takes the cells for replaced already: "as told before" would mean those.
      this.document.forget();
      const again = await ask(false);
      cellsBefore = again.before;
      target = again.cells;
    }
    if (target) {
      this.replace(target);
    }
    return { report, cellsBefore };
  }

  /** Go back to what was there before a checkout. */
  async goBack({ report, cellsBefore }: ICheckout): Promise<ICheckout> {
    const back = await this.checkout(report.before);
    if (cellsBefore !== report.before) {
      await this.checkout(cellsBefore, false);
    }
    return back;
  }

  async restore(): Promise<Report> {
    const report = await this.ask<Report>(cells => ({ verb: 'restore', cells }));
    this.left = null;
    this._changed.emit();
    return report;
  }

  async log(): Promise<Entry[]> {
    return this.ask<Entry[]>(() => ({ verb: 'log' }));
  }

  async trust(): Promise<void> {
    await this.ask<number>(() => ({ verb: 'trust' }));
  }

  async pause(): Promise<void> {
    await this.ask<null>(() => ({ verb: 'pause' }));
  }

  async unpause(): Promise<void> {
    await this.ask<null>(() => ({ verb: 'unpause' }));
  }

  async detach(): Promise<void> {
    await this.ask<null>(() => ({ verb: 'detach' }));
  }

  /** The user does not want what the last kernel left. */
  dismissLeft(): void {
    this.left = null;
    this._changed.emit();
  }

  /** A cell is on its way to the kernel: its text is what will have run. */
  noteScheduled(id: string, source: string): void {
    this.scheduled.set(id, source);
  }

  /** A cell has run: tell the kernel what the notebook looks like now. */
  noteExecuted(id: string, number: number | null): void {
    const source = this.scheduled.get(id);
    this.scheduled.delete(id);
    const client = this.client;
    if (this.standing !== 'attached' || !client || number === null) {
      return;
    }
    const sources = new Map(source === undefined ? [] : [[id, source]]);
    const cells = this.document.tell(sources);
    this.told = this.told.then(async () => {
      try {
        if (cells) {
          await client.askAtOnce({ verb: 'cells', number, cells, ...this.who() });
        }
      } catch (error) {
        this.document.forget();
        console.warn('Kishu was not told the cells of this run.', error);
      }
    });
  }

  // The kernel

  private onKernelChanged(_: unknown, change: { newValue: Kernel.IKernelConnection | null }): void {
    this.adopt(change.newValue);
  }

  private adopt(kernel: Kernel.IKernelConnection | null): void {
    if (this.client) {
      this.client.kernel.statusChanged.disconnect(this.onStatus, this);
      this.client.kernel.iopubMessage.disconnect(this.onMessage, this);
    }
    this.client = kernel && new Client(kernel, this.words());
    this.language = null;
    this.lose(kernel ? 'connecting' : 'foreign');
    if (kernel) {
      kernel.statusChanged.connect(this.onStatus, this);
      kernel.iopubMessage.connect(this.onMessage, this);
      void this.connect();
    }
  }

  /** There is no session any longer, as far as we know. */
  private lose(standing: Standing, why = ''): void {
    this.session = null;
    this.left = null;
    this.document.forget();
    this.scheduled.clear();
    this.stand(standing, why);
  }

  private stand(standing: Standing, why = ''): void {
    this.standing = standing;
    this.why = why;
    this._changed.emit();
  }

  private onStatus(_: unknown, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      this.lose('connecting');
      // When the connection has let go of what was on its way: what is sent then is the first
      // thing that the new kernel gets, before any cell.
      setTimeout(() => void this.connect(), 0);
    } else if (status === 'dead' || status === 'terminating') {
      this.lose('foreign', this.trans.__('The kernel is dead.'));
    } else if (status === 'idle' && this.standing === 'connecting') {
      void this.connect();
    }
  }

  private onMessage(_: unknown, message: KernelMessage.IIOPubMessage): void {
    const event = eventOf(message);
    if (event) {
      this.onEvent(event);
    }
  }

  private onEvent(event: Event): void {
    if (event.progress) {
      if (this.asked && event.progress.request === this.asked.pending.id) {
        this.asked.progress = event.progress;
        this._waiting.emit(this.asked);
      }
      return;
    }
    if (event.client === this.name && event.operations.includes('unknown-cells')) {
      this.document.forget();
    }
    if (!event.session) {
      this.lose('detached');
    } else if (this.standing !== 'attached') {
      if (event.client !== this.name) {
        // A cell, or another page, has attached the kernel: we join in.
        void this.connect();
      }
    } else {
      if (this.left && event.session.variables >= this.left.variables) {
        // They were made anew meanwhile.
        this.left = null;
      }
      this.take(event.session);
      if (event.wanted && event.wanted_of === this.name) {
        void this.follow(event.wanted);
      }
    }
  }

  /** A cell has checked something out; only a front end can change the notebook's cells. */
  private async follow(commit: string): Promise<void> {
    try {
      await this.checkout(commit, false);
    } catch (error) {
      console.warn('Kishu could not bring the cells back.', error);
    }
  }

  /** Find out whether there is a session; attach where the user wants one. Tells no errors. */
  private connect(): Promise<void> {
    this.connecting ??= this.tryToConnect().finally(() => {
      this.connecting = null;
    });
    return this.connecting;
  }

  private async tryToConnect(): Promise<void> {
    const client = this.client;
    if (!client) {
      return;
    }
    try {
      this.language ??= await languageOf(client.kernel);
      const { reattach, always } = this.preferences();
      if (this.language !== 'python') {
        this.stand('foreign');
      } else if (always || (reattach && this.uuid !== '')) {
        await this.attach(client);
      } else if ((await client.isServing()) && (await this.welcome(client)).attached) {
        await this.attach(client);
      } else {
        this.stand('detached');
      }
    } catch (error) {
      if (
        client === this.client &&
        !(error instanceof KishuError && error.kind === 'kernel-lost')
      ) {
        this.stand('detached', error instanceof Error ? error.message : String(error));
      }
    }
    if (client !== this.client) {
      await this.tryToConnect();
    }
  }

  private async welcome(client: Client): Promise<Welcome> {
    const { reply } = client.ask<Welcome>({ verb: 'hello', protocol: PROTOCOL, ...this.who() });
    return (await reply).result;
  }

  /** All is sent in one go, so that no cell that is run meanwhile comes in between. */
  private async attach(client: Client): Promise<Status> {
    this.document.forget();
    const served = client.serve();
    const welcome = this.welcome(client);
    const attached = client.ask<Attached>({
      verb: 'init',
      cells: this.document.tell(),
      ...this.who()
    });
    // Each is awaited in its turn; what fails first is what is told.
    for (const later of [welcome, attached.reply]) {
      later.catch(() => undefined);
    }
    await served;
    await welcome;
    const { result, session } = await attached.reply;
    if (!session) {
      throw new KishuError('not-attached', this.trans.__('There is no session.'), '');
    }
    if (!result.ours) {
      throw new KishuError(
        'another-notebook',
        this.trans.__('This kernel records another notebook, %1.', session.notebook),
        this.trans.__('Give this notebook a kernel of its own.')
      );
    }
    this.mark(result.uuid);
    this.left = result.variables ? { variables: result.variables, nbytes: result.nbytes } : null;
    this.session = session;
    this.stand('attached');
    return session;
  }

  private take(session: Status | null): void {
    if (session) {
      this.session = session;
      this._changed.emit();
    } else {
      this.lose('detached');
    }
  }

  // Requests

  private async ready(): Promise<Client> {
    await this.context.sessionContext.ready;
    const client = this.client;
    if (!client || this.standing === 'foreign') {
      throw new KishuError(
        'no-kernel',
        this.why || this.trans.__('This notebook has no Python kernel.'),
        this.trans.__('Start one from the Kernel menu.')
      );
    }
    return client;
  }

  /**
   * Ask on behalf of the user, who is shown that it takes long, and can cancel it.
   *
   * @param request - makes the request, from the notebook's cells where it tells them.
   */
  private async ask<T>(request: (cells: ToldCell[] | null) => ShellRequest): Promise<T> {
    try {
      return await this.askOnce<T>(request);
    } catch (error) {
      // It may have failed before it took the cells in.
      this.document.forget();
      if (error instanceof KishuError && error.kind === 'unknown-cells') {
        return this.askOnce<T>(request);
      }
      throw error;
    }
  }

  private async askOnce<T>(request: (cells: ToldCell[] | null) => ShellRequest): Promise<T> {
    const client = await this.ready();
    await this.connecting;
    if (this.standing !== 'attached') {
      throw new KishuError(
        'not-attached',
        this.why || this.trans.__('Kishu is not attached to this notebook.'),
        this.trans.__('Choose Kishu > Initialize/Re-attach.')
      );
    }
    // What was told of the last runs comes first, or the kernel would have it in another order.
    for (let told; told !== this.told;) {
      told = this.told;
      await told;
    }
    const asks = request.length > 0 ? request(this.document.tell()) : request(null);
    const pending = client.ask<T>({ ...asks, ...this.who() });
    const asked: IWaiting = { pending, progress: null };
    this.asked = asked;
    this._waiting.emit(asked);
    try {
      const { result, session } = await pending.reply;
      this.take(session);
      return result;
    } finally {
      if (this.asked === asked) {
        this.asked = null;
        this._waiting.emit(null);
      }
    }
  }

  private who(): { client: string; notebook: Where } {
    const path = this.context.localPath;
    const root = PageConfig.getOption('serverRoot');
    return { client: this.name, notebook: { path, root, uuid: this.uuid } };
  }

  private replace(target: Target): void {
    try {
      this.document.replace(target.cells);
    } catch (error) {
      this.document.forget();
      throw error;
    }
  }

  /** The id in the notebook's metadata that its history is known by. */
  private get uuid(): string {
    const kishu = this.context.model.sharedModel.getMetadata('kishu') as
      { uuid?: unknown } | undefined;
    return typeof kishu?.uuid === 'string' ? kishu.uuid : '';
  }

  private mark(uuid: string): void {
    const { model } = this.context;
    if (!uuid || uuid === this.uuid || model.readOnly) {
      return;
    }
    const clean = !model.dirty;
    model.sharedModel.setMetadata('kishu', { uuid });
    if (clean && this.context.contentsModel?.writable !== false) {
      // What cannot be saved now is saved with the notebook.
      this.context.save().catch(() => undefined);
    }
  }

  private words() {
    return {
      lost: this.trans.__('The kernel was lost before it answered.'),
      lostRemedy: this.trans.__('Start the kernel again; the history is on the disk.'),
      silent: this.trans.__('The kernel did not answer.'),
      noKishu: this.trans.__('Kishu is not installed where this kernel runs.')
    };
  }

  /** What this notebook in this page is called in its requests. */
  private readonly name = `jupyterlab-${UUID.uuid4()}`;
  private readonly document: Document;
  private readonly scheduled = new Map<string, string>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _waiting = new Signal<this, IWaiting | null>(this);
  private client: Client | null = null;
  private asked: IWaiting | null = null;
  private told: Promise<void> = Promise.resolve();
  /** What the kernel speaks, once that is known. */
  private language: string | null = null;
  /** Until it is found out whether there is a session. */
  private connecting: Promise<void> | null = null;
  private disposed = false;
}

async function languageOf(kernel: Kernel.IKernelConnection): Promise<string> {
  const spec = await kernel.spec;
  return spec?.language?.toLowerCase() ?? (await kernel.info).language_info.name.toLowerCase();
}
