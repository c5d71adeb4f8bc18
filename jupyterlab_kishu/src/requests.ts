/** The requests that the user waits for: one after another, with the notebook's cells. */

import { Signal } from '@lumino/signaling';

import type { Document } from './document';
import { isOfKind } from './errors';
import type { Identity } from './identity';
import type { Lifecycle } from './lifecycle';
import { VERBS_WITH_CELLS } from './messages';
import type { Progress, ShellRequest, ToldCell } from './messages';
import type { Runs } from './runs';
import type { Fields, IResults, IWaiting, Verb } from './tokens';

/** Asks a notebook's session on behalf of the user, who is shown how far that is. */
export class Requests {
  constructor(
    private readonly lifecycle: Lifecycle,
    private readonly identity: Identity,
    private readonly document: Document,
    private readonly runs: Runs
  ) {}

  /** Emitted when a request is on its way, has got further, or is over (null). */
  readonly waiting = new Signal<this, IWaiting | null>(this);

  /**
   * Ask, and ask once more with all cells where the kernel does not know them.
   *
   * @param fields - what to say beside the verb; the sender and the cells are added when it is sent.
   * @param onSend - called when it is about to be sent, and the cells are told.
   */
  async ask<V extends Verb>(
    verb: V,
    fields: Fields<V>,
    onSend: () => void = () => undefined
  ): Promise<IResults[V]> {
    try {
      return await this.askOnce(verb, fields, onSend);
    } catch (error) {
      // It may have failed before it took the cells in.
      this.document.forget();
      if (isOfKind(error, 'unknown-cells')) {
        return this.askOnce(verb, fields, onSend);
      }
      throw error;
    }
  }

  /** Note how far the kernel is with a request, if it is the one that the user waits for. */
  noteProgress(progress: Progress): void {
    if (this.current && progress.request === this.current.pending.id) {
      this.current.progress = progress;
      this.waiting.emit(this.current);
    }
  }

  private async askOnce<V extends Verb>(
    verb: V,
    fields: Fields<V>,
    onSend: () => void
  ): Promise<IResults[V]> {
    const client = await this.lifecycle.readyAndAttached();
    // What was told of the last runs comes first, or the kernel would have it in another order.
    await this.runs.settled();
    const cells = this.cellsFor(verb);
    onSend();
    const request = { verb, ...fields, ...cells, ...this.identity.sender };
    const pending = client.ask<IResults[V]>(request as unknown as ShellRequest);
    const waiting: IWaiting = { pending, progress: null };
    this.current = waiting;
    this.waiting.emit(waiting);
    try {
      const { result, session } = await pending.reply;
      this.lifecycle.update(session);
      return result;
    } finally {
      if (this.current === waiting) {
        this.current = null;
        this.waiting.emit(null);
      }
    }
  }

  private cellsFor(verb: Verb): { cells?: ToldCell[] | null } {
    const told: readonly Verb[] = VERBS_WITH_CELLS;
    return told.includes(verb) ? { cells: this.document.tell() } : {};
  }

  private current: IWaiting | null = null;
}
