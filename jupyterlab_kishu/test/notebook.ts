/** An open notebook for tests: the model is JupyterLab's own, the rest as little as is used. */

import { YNotebook } from '@jupyter/ydoc';
import { KernelMessage } from '@jupyterlab/services';
import type { Kernel } from '@jupyterlab/services';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IEnvironment, IPreferences } from '../src/environment';
import type { IAttachment, NotebookContext, Phase } from '../src/tokens';
import type { IWords } from '../src/words';

/** English as it stands in the source. */
export const english: IWords = {
  __: (text, ...values) => text.replace(/%(\d)/g, (_, place) => String(values[place - 1])),
  _n: (one, many, n, ...values) => english.__(n === 1 ? one : many, n, ...values)
};

export function environment(preferences: Partial<IPreferences> = {}): IEnvironment {
  return {
    preferences: () => ({ reattach: true, always: false, ...preferences }),
    settled: Promise.resolve(),
    serverRoot: '/srv',
    words: english,
    createMessage: KernelMessage.createMessage
  };
}

export function code(id: string, source: string): object {
  return { id, cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null };
}

/** A notebook that is open in a page, with a connection to its kernel. */
export class TestNotebook {
  constructor(
    readonly path: string,
    kernel: Kernel.IKernelConnection | null,
    ...sources: string[]
  ) {
    const cells = sources.map((source, index) => code(`cell-${index}`, source));
    this.model.insertCells(0, cells as any);
    this.sessionContext.session = { kernel };
  }

  readonly model = YNotebook.create() as YNotebook;
  saved = 0;

  get context(): NotebookContext {
    return this.made as unknown as NotebookContext;
  }

  /** The id of its history in its metadata. */
  get uuid(): string | undefined {
    return (this.model.getMetadata('kishu') as { uuid: string } | undefined)?.uuid;
  }

  /** Give it another kernel; JupyterLab lets go of the old connection first. */
  changeKernel(newValue: Kernel.IKernelConnection | null): void {
    const oldValue = this.sessionContext.session.kernel;
    oldValue?.dispose();
    this.sessionContext.session = { kernel: newValue };
    this.kernelChanged.emit({ newValue });
  }

  /** Close it. */
  close(): void {
    this.disposed.emit();
  }

  private readonly kernelChanged = new Signal<this, object>(this);
  private readonly disposed = new Signal<this, void>(this);
  private readonly sessionContext: any = {
    ready: Promise.resolve(),
    kernelChanged: this.kernelChanged
  };
  private readonly made = {
    localPath: this.path,
    ready: Promise.resolve(),
    disposed: this.disposed,
    model: { sharedModel: this.model, readOnly: false, dirty: false },
    contentsModel: { writable: true },
    sessionContext: this.sessionContext,
    save: async () => {
      this.saved++;
    }
  };
}

/**
 * Resolve when a signal has been emitted and something is true, or when it is true already.
 *
 * It does so in a task of its own, as what users do and what kernels tell comes in.
 */
export function until(signal: ISignal<any, any>, isTrue: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const look = () => {
      if (isTrue()) {
        signal.disconnect(look);
        setTimeout(resolve, 0);
      }
    };
    signal.connect(look);
    look();
  });
}

/** Resolve when an attachment is in a phase. */
export function inPhase(attachment: IAttachment, phase: Phase): Promise<void> {
  return until(attachment.changed, () => attachment.phase === phase);
}
