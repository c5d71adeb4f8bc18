/** Requests to a kernel, and what it tells. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';

import type { IEnvironment } from './environment';
import { KishuError } from './errors';
import type { Cancel, ControlRequest, ErrorReply, Event, Reply, ShellRequest } from './messages';

const REQUEST = 'kishu_request';
const EVENT = 'kishu_event';

/** How long a kernel that has nothing else to do may take to answer, in milliseconds. */
const PATIENCE = 10_000;
/** How often what was aborted with cells that follow a failed one is sent again. */
const TRIES = 20;

/** A request on its way. */
export interface IPending<T> {
  /** The message's id. */
  readonly id: string;
  readonly reply: Promise<Reply & { result: T }>;
  /** Stop it: at once where the kernel has not begun it; else its reply says that it stopped. */
  cancel(): Promise<void>;
}

/**
 * Asks a kernel, and passes on what it tells.
 *
 * @param kernel - of any language; only `isServing` and `serve` run code in it, and not as a cell.
 */
export class Client {
  constructor(
    readonly kernel: Kernel.IKernelConnection,
    private readonly page: Pick<IEnvironment, 'createMessage' | 'words'>
  ) {}

  /** Return whether the kernel answers requests already; nothing is imported for that. */
  async isServing(): Promise<boolean> {
    const loaded = "'kishu.kernel.channel' in __import__('sys').modules";
    return (await this.evaluate(loaded)) === 'True';
  }

  /** Make the kernel answer requests; those that are sent at once after this come in time. */
  async serve(): Promise<void> {
    await this.evaluate("__import__('kishu.kernel.extension').kernel.extension.serve()");
  }

  /** Ask on the shell channel: answered in order with cells. */
  ask<T>(request: ShellRequest): IPending<T> {
    const message = this.message(request, 'shell');
    const future = this.send(() => this.kernel.sendShellMessage(message, true));
    let stop: (error: KishuError) => void = () => undefined;
    const stopped = new Promise<never>((_, reject) => (stop = reject));
    return {
      id: message.header.msg_id,
      reply: Promise.race([this.replied<T>(future), stopped]),
      cancel: async () => {
        const asked: Cancel = { verb: 'cancel', request: message.header.msg_id };
        if (!(await this.askAtOnce<boolean>(asked)).result) {
          stop(new KishuError('cancelled', 'Cancelled before it began.', ''));
          future.dispose();
        }
      }
    };
  }

  /** Ask on the control channel: answered at once. */
  askAtOnce<T>(request: ControlRequest): Promise<Reply & { result: T }> {
    const message = this.message(request, 'control');
    const future = this.send(() => this.kernel.sendControlMessage(message, true));
    return this.replied<T>(future, true);
  }

  private message<C extends 'shell' | 'control'>(
    content: ShellRequest | ControlRequest,
    channel: C
  ): any {
    return this.page.createMessage<any>({
      msgType: REQUEST,
      channel,
      username: this.kernel.username,
      session: this.kernel.clientId,
      content
    });
  }

  private send<F>(send: () => F): F {
    try {
      return send();
    } catch {
      // The connection refuses messages to a kernel that is dead.
      throw this.lost();
    }
  }

  private lost(): KishuError {
    const { words } = this.page;
    return new KishuError(
      'kernel-lost',
      words.__('The kernel was lost before it answered.'),
      words.__('Start the kernel again; the history is on the disk.')
    );
  }

  private silent(): KishuError {
    const { words } = this.page;
    return new KishuError(
      'silent',
      words.__('The kernel did not answer.'),
      words.__('Start the kernel again; the history is on the disk.')
    );
  }

  /**
   * Resolve to the reply; fail where it tells of an error, the kernel is lost or says nothing.
   *
   * @param atOnce - whether it does not have to wait for cells.
   */
  private replied<T>(
    future: Kernel.IShellFuture<any, any> | Kernel.IControlFuture<any, any>,
    atOnce = false
  ): Promise<Reply & { result: T }> {
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const wait = () => {
        clearTimeout(timer);
        timer = setTimeout(() => fail(this.silent()), PATIENCE);
      };
      const died = (_: unknown, status: KernelMessage.Status | 'connecting') => {
        if (status === 'dead') {
          fail(this.lost());
        }
      };
      const settle = () => {
        clearTimeout(timer);
        this.kernel.statusChanged.disconnect(died);
      };
      const fail = (error: KishuError) => {
        settle();
        reject(error);
      };
      this.kernel.statusChanged.connect(died);
      future.onReply = message => {
        settle();
        const content = message.content as unknown as Reply | ErrorReply;
        if (content.status === 'ok') {
          resolve(content);
        } else {
          reject(new KishuError(content.kind, content.message, content.remedy));
        }
      };
      future.onIOPub = message => {
        // The kernel has done with our message: the reply comes with it, or never.
        if ((message.content as { execution_state?: string }).execution_state === 'idle') {
          wait();
        }
      };
      if (atOnce) {
        wait();
      }
      future.done.catch(() => fail(this.lost()));
    });
  }

  /** Return the repr of an expression in the kernel; no cell is run, and nothing is bound. */
  private async evaluate(expression: string): Promise<string> {
    for (let tries = 0; tries < TRIES; tries++) {
      const future = this.send(() =>
        this.kernel.requestExecute({
          code: '',
          silent: true,
          store_history: false,
          stop_on_error: false,
          user_expressions: { kishu: expression }
        })
      );
      let reply: any;
      try {
        reply = (await future.done).content;
      } catch {
        throw this.lost();
      }
      if (reply.status === 'ok') {
        const value = reply.user_expressions.kishu;
        if (value.status === 'ok') {
          return value.data['text/plain'];
        }
        const missing = value.ename === 'ModuleNotFoundError';
        throw missing
          ? new KishuError(
              'no-kishu',
              this.page.words.__('Kishu is not installed where this kernel runs.'),
              '%pip install kishu'
            )
          : new KishuError('no-kishu', `${value.ename}: ${value.evalue}`, '');
      }
      if (reply.status === 'error') {
        throw new KishuError('no-kishu', `${reply.ename}: ${reply.evalue}`, '');
      }
      // Aborted with the cells behind one that failed: once more.
    }
    throw this.silent();
  }
}

/** Return the event that a kernel's message tells of; null where it tells of none. */
export function eventOf(message: KernelMessage.IIOPubMessage): Event | null {
  return (message.header.msg_type as string) === EVENT
    ? (message.content as unknown as Event)
    : null;
}
