import { Kernel, KernelMessage } from '@jupyterlab/services';

import { Cancel, ControlRequest, ErrorReply, Event, Reply, ShellRequest } from './messages';

const REQUEST = 'kishu_request';
const EVENT = 'kishu_event';

/** How long a kernel that has nothing else to do may take to answer, in milliseconds. */
const PATIENCE = 10_000;
/** How often what was aborted with cells that follow a failed one is sent again. */
const TRIES = 20;

/** What a request failed with: `kind` is one of Kishu's words, or one of these. */
export class KishuError extends Error {
  constructor(
    readonly kind: string,
    message: string,
    readonly remedy: string
  ) {
    super(message);
  }
}

/** A request on its way. */
export interface IPending<T> {
  /** The message's id. */
  readonly id: string;
  readonly reply: Promise<Reply & { result: T }>;
  /** Stop it: if the kernel has not begun it, at once; else the kernel answers that it stopped. */
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
    private readonly words: { lost: string; lostRemedy: string; silent: string; noKishu: string }
  ) {}

  /** Whether the kernel answers requests already: somebody has attached it. Imports nothing. */
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
    return KernelMessage.createMessage<any>({
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
    return new KishuError('kernel-lost', this.words.lost, this.words.lostRemedy);
  }

  /**
   * The reply; an error where it tells of one, where the kernel is lost, or says nothing.
   *
   * @param atOnce - whether it does not have to wait for cells.
   */
  private replied<T>(
    future: Kernel.IShellFuture<any, any> | Kernel.IControlFuture<any, any>,
    atOnce = false
  ): Promise<Reply & { result: T }> {
    return new Promise((resolve, reject) => {
      let timer = 0;
      const wait = () => {
        clearTimeout(timer);
        timer = window.setTimeout(
          () => fail(new KishuError('silent', this.words.silent, this.words.lostRemedy)),
          PATIENCE
        );
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

  /** The repr of an expression; no cell, and nothing is bound. */
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
          ? new KishuError('no-kishu', this.words.noKishu, '%pip install kishu')
          : new KishuError('no-kishu', `${value.ename}: ${value.evalue}`, '');
      }
      if (reply.status === 'error') {
        throw new KishuError('no-kishu', `${reply.ename}: ${reply.evalue}`, '');
      }
      // Aborted with the cells behind one that failed: once more.
    }
    throw new KishuError('silent', this.words.silent, this.words.lostRemedy);
  }
}

/** The event that a kernel's message tells of, if it does. */
export function eventOf(message: KernelMessage.IIOPubMessage): Event | null {
  return (message.header.msg_type as string) === EVENT
    ? (message.content as unknown as Event)
    : null;
}
