/** A kernel made for tests of what talks to one: no process, and no code is run. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';
import {
  KernelControlFutureHandler,
  KernelShellFutureHandler
} from '@jupyterlab/services/lib/kernel/future';
import { PromiseDelegate } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import type { ErrorReply, Event, Report, Status } from '../src/messages';

type Request = { verb: string; [field: string]: any };
type Channel = 'shell' | 'control';

export function status(fields: Partial<Status> = {}): Status {
  return {
    history: '/histories/a',
    notebook: '/srv/a.ipynb',
    session: 's1',
    head: 'c0',
    code: 'c0',
    branch: 'main',
    commits: 1,
    variables: 0,
    recording: true,
    why: '',
    undo: '',
    redo: false,
    last: null,
    nbytes: 0,
    damaged: [],
    ignored: [],
    warning: '',
    ...fields
  };
}

export function report(fields: Partial<Report> = {}): Report {
  return {
    verb: 'undo',
    label: 'Undid [1] x = 1',
    before: 'c1',
    head: 'c0',
    kept: [],
    patched: [],
    loaded: [],
    recomputed: [],
    removed: [],
    settings: [],
    unchecked: {},
    missing: {},
    notes: [],
    cells: null,
    ms: 1,
    ...fields
  };
}

/** What a request is refused with. */
export class Refusal extends Error {
  constructor(
    readonly kind: ErrorReply['kind'],
    message = 'It was refused.'
  ) {
    super(message);
  }
}

/**
 * One kernel with Kishu installed, to which any number of connections lead.
 *
 * It answers shell requests one after another and control requests at once, keeps one session (that
 * of the notebook that began it), and knows which cells each client told it.
 */
export class TestKernel {
  /** What each verb is answered with; by default what a kernel says where nothing is to report. */
  readonly answers: Record<string, (request: Request) => unknown> = {
    status: () => null,
    log: () => [],
    undo: () => report(),
    redo: () => report(),
    commit: () => ({ id: 'c1' }),
    checkout: () => report({ verb: 'checkout' }),
    restore: () => report({ verb: 'restore' }),
    trust: () => 1,
    pause: () => null,
    unpause: () => null,
    detach: () => {
      this.session = null;
      return null;
    }
  };
  /** Verbs whose requests are done with and never answered. */
  readonly unanswered = new Set<string>();
  /** The requests that were begun, in order. */
  readonly requests: Request[] = [];
  /** Emitted when a request is begun. */
  readonly begun = new Signal<this, string>(this);
  /** Where the session is; null where none is attached. */
  session: Status | null = null;
  /** What the last kernel left. */
  leftover = { variables: 0, nbytes: 0 };
  language = 'python';
  isInstalled = true;

  private readonly connections: TestConnection[] = [];
  private readonly cancelled = new Set<string>();
  private cellsOf = new Map<string, Set<string>>();
  private owner = '';
  private isServing = false;
  private gates: Record<string, PromiseDelegate<void>> = {};
  private shell: Promise<void> = Promise.resolve();
  private process = 0;
  /** The id of the shell request that was begun last. */
  private running = '';
  status: Kernel.Status = 'idle';

  connect(): Kernel.IKernelConnection {
    const made = new TestConnection(this);
    this.connections.push(made);
    return made as unknown as Kernel.IKernelConnection;
  }

  /** The verbs that were asked, in order. */
  get verbs(): string[] {
    return this.requests.map(request => request.verb);
  }

  /** The last request of a verb. */
  last(verb: string): Request {
    return this.requests.filter(request => request.verb === verb).at(-1)!;
  }

  /** Keep the shell busy from the next request of this verb on, until what is returned is called. */
  hold(verb: string): () => void {
    const gate = (this.gates[verb] = new PromiseDelegate<void>());
    return () => {
      delete this.gates[verb];
      gate.resolve();
    };
  }

  /** Forget the cells that clients told, as a new process does. */
  forgetCells(): void {
    this.cellsOf = new Map();
  }

  /** Tell all connections of an event. */
  tell(event: Partial<Event>): void {
    const content: Event = {
      operations: [],
      client: '',
      session: this.session,
      wanted: '',
      wanted_of: '',
      progress: null,
      ...event
    };
    for (const connection of this.connections) {
      connection.iopubMessage.emit({ header: { msg_type: 'kishu_event' }, content } as any);
    }
  }

  setStatus(status: Kernel.Status): void {
    this.status = status;
    for (const connection of [...this.connections]) {
      connection.statusChanged.emit(status);
      if (status === 'dead') {
        connection.dispose();
      }
    }
  }

  /** Attach from a cell, as `%load_ext kishu` does. */
  attachByCell(path: string, fields: Partial<Status> = {}): void {
    this.isServing = true;
    this.owner = path;
    this.session = status({ notebook: path, ...fields });
    this.tell({ operations: ['attach'] });
  }

  /** Become a new process; what was on its way is let go by each connection, as JupyterLab does. */
  restart(how: 'restarting' | 'autorestarting' = 'restarting'): void {
    this.process++;
    this.session = null;
    this.isServing = false;
    this.owner = '';
    this.forgetCells();
    this.shell = Promise.resolve();
    this.gates = {};
    this.status = how;
    for (const connection of this.connections) {
      connection.statusChanged.emit(how);
      connection.dropFutures();
    }
  }

  /** Take in a message, and answer it unless its sender has let go of it, or a restart came. */
  receive(
    message: KernelMessage.IMessage,
    future: { readonly isDisposed: boolean; handleMsg(message: any): Promise<void> },
    channel: Channel
  ): void {
    const process = this.process;
    const answer = async () => {
      if (process !== this.process) {
        return;
      }
      const content =
        message.header.msg_type === 'execute_request'
          ? this.evaluate((message.content as any).user_expressions.kishu)
          : await this.answer(message, channel);
      const parent_header = message.header;
      if (content && !future.isDisposed) {
        const header = { msg_type: message.header.msg_type.replace('request', 'reply') };
        await future.handleMsg({ channel, header, parent_header, content });
      }
      if (!future.isDisposed) {
        const header = { msg_type: 'status' };
        const idle = { execution_state: 'idle' };
        await future.handleMsg({ channel: 'iopub', header, parent_header, content: idle });
      }
    };
    if (channel === 'shell') {
      this.shell = this.shell.then(answer);
    } else {
      void answer();
    }
  }

  private evaluate(expression: string): object {
    const status = 'ok';
    const value = (text: string) => ({
      status,
      user_expressions: { kishu: { status, data: { 'text/plain': text }, metadata: {} } }
    });
    if (expression.includes("in __import__('sys').modules")) {
      return value(this.isServing ? 'True' : 'False');
    }
    if (!this.isInstalled) {
      const error = { status: 'error', ename: 'ModuleNotFoundError', evalue: 'no kishu' };
      return { status, user_expressions: { kishu: error } };
    }
    this.isServing = true;
    return value('None');
  }

  private async answer(message: KernelMessage.IMessage, channel: Channel): Promise<object | null> {
    const request = message.content as unknown as Request;
    this.requests.push(request);
    if (channel === 'shell') {
      this.running = message.header.msg_id;
    }
    this.begun.emit(request.verb);
    await this.gates[request.verb]?.promise;
    if (!this.isServing || this.unanswered.has(request.verb)) {
      return null;
    }
    try {
      if (this.cancelled.has(message.header.msg_id)) {
        throw new Refusal('cancelled');
      }
      this.takeCells(request);
      const result = channel === 'shell' ? this.resultOf(request) : this.atOnce(request);
      return { status: 'ok', verb: request.verb, result, session: this.session };
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
      const { kind, message: text } = error;
      return { status: 'error', kind, message: text, remedy: '', session: this.session };
    }
  }

  private resultOf(request: Request): unknown {
    const path = request.notebook?.path ?? '';
    if (request.verb === 'hello') {
      const attached = this.session !== null;
      return { protocol: 1, kishu: '1', features: [], attached };
    }
    if (request.verb === 'init') {
      if (!this.session) {
        this.owner = path;
        this.session = status({ notebook: path });
      }
      const ours = this.owner === path;
      return { ours, uuid: ours ? 'uuid-of-history' : '', ...this.leftover };
    }
    if (!this.session) {
      throw new Refusal('not-attached');
    }
    return this.answers[request.verb](request);
  }

  private atOnce(request: Request): unknown {
    if (request.verb === 'cancel') {
      this.cancelled.add(request.request);
      return this.running === request.request;
    }
    return null;
  }

  private takeCells(request: Request): void {
    const known = this.cellsOf.get(request.client) ?? new Set();
    for (const { id, cell } of request.cells ?? []) {
      if (!cell && !known.has(id)) {
        throw new Refusal('unknown-cells');
      }
      known.add(id);
    }
    if (request.cells) {
      this.cellsOf.set(request.client, known);
    }
  }
}

/** A connection to that kernel: the part of `Kernel.IKernelConnection` that Kishu uses. */
class TestConnection {
  constructor(private readonly kernel: TestKernel) {}

  readonly clientId = 'client';
  readonly username = 'somebody';
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  readonly iopubMessage = new Signal<this, KernelMessage.IIOPubMessage>(this);
  isDisposed = false;

  get status(): Kernel.Status {
    return this.kernel.status;
  }

  get spec(): Promise<{ language: string }> {
    return Promise.resolve({ language: this.kernel.language });
  }

  sendShellMessage(message: any): Kernel.IShellFuture {
    return this.send(KernelShellFutureHandler, message, 'shell');
  }

  sendControlMessage(message: any): Kernel.IControlFuture {
    return this.send(KernelControlFutureHandler, message, 'control');
  }

  requestExecute(content: object): Kernel.IShellFuture {
    const header = { msg_id: `execute-${this.count++}`, msg_type: 'execute_request' };
    return this.sendShellMessage({ channel: 'shell', header, content });
  }

  /** Let go of what is on its way, as a restart and the connection's end do. */
  dropFutures(): void {
    const futures = [...this.futures];
    this.futures.clear();
    futures.forEach(future => future.dispose());
  }

  dispose(): void {
    this.isDisposed = true;
    this.dropFutures();
    Signal.clearData(this);
  }

  private send(
    kind: typeof KernelShellFutureHandler | typeof KernelControlFutureHandler,
    message: any,
    channel: Channel
  ): any {
    if (this.status === 'dead') {
      throw new Error('Kernel is dead');
    }
    const future: any = new (kind as any)(
      () => this.futures.delete(future),
      message,
      true,
      true,
      this
    );
    this.futures.add(future);
    this.kernel.receive(message, future, channel);
    return future;
  }

  private readonly futures = new Set<{ dispose(): void }>();
  private count = 0;
}
