/** What the kernel is told of the notebook's cells after each run. */

import type { Client } from './client';
import type { Document } from './document';
import type { Identity } from './identity';

/** Tells a kernel what the notebook looked like when each of its cells had run. */
export class Runs {
  constructor(
    private readonly document: Document,
    private readonly identity: Identity
  ) {}

  /** Note a cell that is on its way to the kernel: its text is what will have run. */
  scheduled(id: string, source: string): void {
    this.sources.set(id, source);
  }

  /**
   * Tell the kernel the cells, as one of them has run.
   *
   * @param number - the cell's execution count; null where it did not run to its end.
   * @param client - null where the kernel records nothing.
   */
  executed(id: string, number: number | null, client: Client | null): void {
    const source = this.sources.get(id);
    this.sources.delete(id);
    if (!client || number === null) {
      return;
    }
    const cells = this.document.tell(new Map(source === undefined ? [] : [[id, source]]));
    this.last = this.last.then(async () => {
      try {
        if (cells) {
          await client.askAtOnce({ verb: 'cells', number, cells, ...this.identity.sender });
        }
      } catch (error) {
        this.document.forget();
        console.warn('Kishu was not told the cells of this run.', error);
      }
    });
  }

  /** Resolve when all that was told has been answered, what is told meanwhile included. */
  async settled(): Promise<void> {
    for (let last; last !== this.last;) {
      last = this.last;
      await last;
    }
  }

  /** Drop what was noted of cells that were on their way to a kernel that is gone. */
  clear(): void {
    this.sources.clear();
  }

  private readonly sources = new Map<string, string>();
  private last: Promise<void> = Promise.resolve();
}
