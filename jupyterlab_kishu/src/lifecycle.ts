/** The state machine between a notebook and the session in its kernel, through all its kernels. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { Client, eventOf } from './client';
import type { Document } from './document';
import type { IEnvironment } from './environment';
import { isOfKind, KishuError } from './errors';
import type { Identity } from './identity';
import type { Attached, ErrorKind, Event, Status, Welcome } from './messages';
import { PROTOCOL } from './messages';
import type { ILeftover, NotebookContext, Phase } from './tokens';

/** The operation of an event that asks a client to tell all its cells anew. */
const UNKNOWN_CELLS: ErrorKind = 'unknown-cells';

/**
 * Follows a notebook's kernels, and attaches to each where the user wants that.
 *
 * @param onLost - called when there is no session any longer, before that is told.
 */
export class Lifecycle {
  constructor(
    private readonly context: NotebookContext,
    private readonly page: IEnvironment,
    private readonly identity: Identity,
    private readonly document: Document,
    private readonly onLost: () => void
  ) {}

  phase: Phase = 'connecting';
  session: Status | null = null;
  leftover: ILeftover | null = null;
  why = '';
  /** Asks the present kernel; null where there is none. */
  client: Client | null = null;

  /** Emitted when any of these may have changed. */
  readonly changed = new Signal<this, void>(this);
  /** Emitted when a session was attached, or found to be. */
  readonly attached = new Signal<this, Status>(this);
  /** Emitted for each event of the kernel, when it was taken in. */
  readonly events = new Signal<this, Event>(this);

  /** Begin to follow the notebook's kernels. */
  start(): void {
    const { sessionContext } = this.context;
    sessionContext.kernelChanged.connect(this.onKernelChanged, this);
    this.useKernel(sessionContext.session?.kernel ?? null);
  }

  /** Let go of the kernel. */
  stop(): void {
    this.useKernel(null);
    Signal.clearData(this);
  }

  /**
   * Return what asks the notebook's kernel, when the notebook has its kernel.
   *
   * @throws KishuError
   */
  async ready(): Promise<Client> {
    await this.context.sessionContext.ready;
    const client = this.client;
    if (!client || this.phase === 'foreign') {
      throw new KishuError(
        'no-kernel',
        this.why || this.page.words.__('This notebook has no Python kernel.'),
        this.page.words.__('Start one from the Kernel menu.')
      );
    }
    return client;
  }

  /**
   * Return what asks the session, when it is known that there is one.
   *
   * @throws KishuError
   */
  async readyAndAttached(): Promise<Client> {
    await this.ready();
    await this.connecting;
    // Another kernel may have taken the first one's place meanwhile.
    const { client } = this;
    if (!client || this.phase !== 'attached') {
      throw new KishuError(
        'not-attached',
        this.why || this.page.words.__('Kishu is not attached to this notebook.'),
        this.page.words.__('Choose Kishu > Initialize/Re-attach.')
      );
    }
    return client;
  }

  /**
   * Attach to the session of this notebook in the kernel; begin one where there is none.
   *
   * All is sent in one go, so that no cell that is run meanwhile comes in between.
   */
  async attach(client: Client): Promise<Status> {
    this.document.forget();
    const served = client.serve();
    const welcome = this.welcome(client);
    const attached = client.ask<Attached>({
      verb: 'init',
      cells: this.document.tell(),
      ...this.identity.sender
    });
    // Each is awaited in its turn; what fails first is what is told.
    for (const later of [welcome, attached.reply]) {
      later.catch(() => undefined);
    }
    await served;
    await welcome;
    const { result, session } = await attached.reply;
    const { words } = this.page;
    if (!session) {
      throw new KishuError('not-attached', words.__('There is no session.'), '');
    }
    if (!result.ours) {
      throw new KishuError(
        'another-notebook',
        words.__('This kernel records another notebook, %1.', session.notebook),
        words.__('Give this notebook a kernel of its own.')
      );
    }
    this.identity.write(result.uuid);
    const { variables, nbytes } = result;
    this.leftover = variables ? { variables, nbytes } : null;
    this.session = session;
    this.enter('attached');
    this.attached.emit(session);
    return session;
  }

  /** Take in where the session is now; null where it has ended. */
  update(session: Status | null): void {
    if (session) {
      this.session = session;
      this.changed.emit();
    } else {
      this.lose('detached');
    }
  }

  /** Stop offering what the last kernel left. */
  dropLeftover(): void {
    this.leftover = null;
    this.changed.emit();
  }

  private onKernelChanged(_: unknown, change: { newValue: Kernel.IKernelConnection | null }): void {
    this.useKernel(change.newValue);
  }

  private useKernel(kernel: Kernel.IKernelConnection | null): void {
    if (this.client) {
      this.client.kernel.statusChanged.disconnect(this.onStatus, this);
      this.client.kernel.iopubMessage.disconnect(this.onMessage, this);
    }
    this.client = kernel && new Client(kernel, this.page);
    this.language = null;
    this.lose(kernel ? 'connecting' : 'foreign');
    if (kernel) {
      kernel.statusChanged.connect(this.onStatus, this);
      kernel.iopubMessage.connect(this.onMessage, this);
      void this.connect();
    }
  }

  /** Take in that there is no session any longer, as far as is known. */
  private lose(phase: Phase, why = ''): void {
    this.session = null;
    this.leftover = null;
    this.onLost();
    this.enter(phase, why);
  }

  private enter(phase: Phase, why = ''): void {
    this.phase = phase;
    this.why = why;
    this.changed.emit();
  }

  private onStatus(_: unknown, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      this.lose('connecting');
      // When the connection has let go of what was on its way: what is sent then is the first
      // thing that the new kernel gets, before any cell.
      setTimeout(() => void this.connect(), 0);
    } else if (status === 'dead' || status === 'terminating') {
      this.lose('foreign', this.page.words.__('The kernel is dead.'));
    } else if (status === 'idle' && this.phase === 'connecting') {
      void this.connect();
    }
  }

  private onMessage(_: unknown, message: KernelMessage.IIOPubMessage): void {
    const event = eventOf(message);
    if (event) {
      if (!event.progress) {
        this.takeIn(event);
      }
      this.events.emit(event);
    }
  }

  private takeIn(event: Event): void {
    const byUs = event.client === this.identity.client;
    if (byUs && event.operations.includes(UNKNOWN_CELLS)) {
      this.document.forget();
    }
    if (!event.session) {
      this.lose('detached');
    } else if (this.phase === 'attached') {
      if (this.leftover && event.session.variables >= this.leftover.variables) {
        // They were made anew meanwhile.
        this.leftover = null;
      }
      this.update(event.session);
    } else if (!byUs) {
      // A cell, or another page, has attached the kernel: we join in.
      void this.connect();
    }
  }

  /** Find out whether there is a session; attach where the user wants one. Never fails. */
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
      const { reattach, always } = this.page.preferences();
      if (this.language !== 'python') {
        this.enter('foreign');
      } else if (always || (reattach && this.identity.uuid !== '')) {
        await this.attach(client);
      } else if ((await client.isServing()) && (await this.welcome(client)).attached) {
        await this.attach(client);
      } else {
        this.enter('detached');
      }
    } catch (error) {
      if (client === this.client && !isOfKind(error, 'kernel-lost')) {
        this.enter('detached', error instanceof Error ? error.message : String(error));
      }
    }
    if (client !== this.client) {
      await this.tryToConnect();
    }
  }

  private async welcome(client: Client): Promise<Welcome> {
    const { sender } = this.identity;
    const { reply } = client.ask<Welcome>({ verb: 'hello', protocol: PROTOCOL, ...sender });
    return (await reply).result;
  }

  /** What the kernel speaks, once that is known. */
  private language: string | null = null;
  /** Resolves when it is found out whether there is a session; null where that is known. */
  private connecting: Promise<void> | null = null;
}

async function languageOf(kernel: Kernel.IKernelConnection): Promise<string> {
  const spec = await kernel.spec;
  return spec?.language?.toLowerCase() ?? (await kernel.info).language_info.name.toLowerCase();
}
