/** The notebook's cells beside what the kernel knows of them. */

import type { ISharedCell, ISharedNotebook } from '@jupyter/ydoc';
import type { ICell } from '@jupyterlab/nbformat';
import { JSONExt } from '@lumino/coreutils';

import { difference } from './difference';
import { ToldCell } from './messages';

/** What the kernel was told of a cell. */
interface ITold {
  /** Whether the cell has changed since. */
  changed: boolean;
  /** How often the kernel had been given up when it was told. */
  age: number;
}

/**
 * A notebook's cells: told to the kernel in differences, and replaced by others.
 *
 * @param model - gives the cells, which may be others after the notebook was reloaded.
 */
export class Document {
  constructor(private readonly model: () => ISharedNotebook | null) {}

  /**
   * Return all cells, those that the kernel was told already by id alone; null for no notebook.
   *
   * @param sources - texts to tell in place of the present ones, by id.
   */
  tell(sources: ReadonlyMap<string, string> = new Map()): ToldCell[] | null {
    const cells = this.model()?.cells;
    if (!cells) {
      return null;
    }
    return cells.map(cell => {
      const told = this.toldOf(cell);
      const id = cell.getId();
      const source = sources.get(id);
      const edited = source !== undefined && source !== cell.getSource();
      if (!told.changed && !edited) {
        return { id };
      }
      told.changed = edited;
      return { id, cell: { ...contentOf(cell), ...(edited ? { source } : {}) } };
    });
  }

  /** A text that is another once a cell that was told has changed, come, gone or moved. */
  get state(): string {
    const ids = (this.model()?.cells ?? []).map(cell => cell.getId());
    return [this.changes, ...ids].join(' ');
  }

  /** Tell all cells anew the next time: the kernel may not know them any longer. */
  forget(): void {
    this.age++;
  }

  /**
   * Make the cells those that a checkout brought: only what differs, in one undoable step.
   *
   * @returns how many cells were changed, inserted or deleted.
   */
  replace(wanted: ToldCell[]): number {
    const model = this.model();
    if (!model) {
      return 0;
    }
    const cells = new Map(model.cells.map(cell => [cell.getId(), cell]));
    const places = difference(
      model.cells.map(cell => ({ id: cell.getId(), type: cell.cell_type })),
      wanted.map(({ id, cell }) => ({
        id,
        type: cell ? cell.cell_type : null,
        anew: Boolean(cell) && cells.has(id) && mixesOutputs(cells.get(id)!, cell!)
      }))
    );
    const lost = wanted.find(({ id, cell }) => !cell && !cells.has(id));
    if (lost) {
      throw new Error(`The cell ${lost.id} went while the checkout was on its way.`);
    }
    const stay = new Set(places.filter(place => place.stays).map(place => place.id));
    const moved = new Map(
      [...cells].filter(([id]) => !stay.has(id)).map(([id, cell]) => [id, contentOf(cell)])
    );
    let changes = 0;
    // The notebook's undo joins what comes within half a second: this is a step of its own.
    const { undoManager } = model as { undoManager?: { stopCapturing(): void } };
    undoManager?.stopCapturing();
    model.transact(() => {
      for (let index = model.cells.length - 1; index >= 0; index--) {
        if (!stay.has(model.cells[index].getId())) {
          model.deleteCell(index);
          changes++;
        }
      }
      places.forEach(({ id, stays }, index) => {
        const content = wanted[index].cell;
        if (!stays) {
          model.insertCell(index, (content ?? moved.get(id)!) as any);
          changes++;
        } else if (content) {
          changes += update(cells.get(id)!, content) ? 1 : 0;
        }
      });
    }, true);
    undoManager?.stopCapturing();
    for (const cell of model.cells) {
      // What the kernel gave it need not be told.
      this.toldOf(cell).changed = false;
    }
    return changes;
  }

  private toldOf(cell: ISharedCell): ITold {
    let told = this.told.get(cell);
    if (!told) {
      const made: ITold = { changed: true, age: this.age };
      told = made;
      this.told.set(cell, made);
      cell.changed.connect(() => {
        made.changed = true;
        this.changes++;
      });
    }
    if (told.age !== this.age) {
      told.age = this.age;
      told.changed = true;
    }
    return told;
  }

  private told = new WeakMap<ISharedCell, ITold>();
  private changes = 0;
  private age = 0;
}

type Content = { [key: string]: any };

/**
 * Return a cell as the notebook file has it, and whether its outputs may show what they like: JupyterLab
 * keeps that in its metadata while it is open, for cells that were run here or are trusted.
 */
function contentOf(cell: ISharedCell): Content {
  const { metadata, ...content } = cell.toJSON() as ICell;
  const { trusted, ...kept } = (metadata ?? {}) as Content;
  return { ...content, metadata: trusted === true ? { ...kept, trusted } : kept };
}

/**
 * Return whether outputs would be replaced by others. JupyterLab hears of the new ones before the old ones
 * go, and joins streams of one name: such a cell is inserted anew. So is one that would show outputs
 * that are not trusted in place of those that are.
 */
function mixesOutputs(cell: ISharedCell, content: Content): boolean {
  const { outputs: now = [], metadata } = contentOf(cell);
  const then: unknown[] = content.outputs ?? [];
  if (!then.length || JSONExt.deepEqual(now, then as any)) {
    return false;
  }
  return now.length > 0 || (metadata.trusted === true && content.metadata?.trusted !== true);
}

/** Change what differs, in place, so that the cursor, widgets and scrolling stay. */
function update(cell: ISharedCell, content: Content): boolean {
  const now = contentOf(cell);
  let changed = false;
  const differs = (key: string) => !JSONExt.deepEqual(now[key] ?? null, content[key] ?? null);
  if (differs('source')) {
    cell.setSource(content.source);
    changed = true;
  }
  if (differs('metadata')) {
    for (const key of Object.keys(now.metadata)) {
      if (!(key in content.metadata)) {
        cell.deleteMetadata(key);
      }
    }
    cell.setMetadata(content.metadata);
    changed = true;
  }
  const anyCell = cell as any;
  if (cell.cell_type === 'code') {
    if (differs('outputs')) {
      anyCell.setOutputs(content.outputs ?? []);
      changed = true;
    }
    if (differs('execution_count')) {
      anyCell.execution_count = content.execution_count ?? null;
      changed = true;
    }
  } else if (differs('attachments')) {
    anyCell.setAttachments(content.attachments);
    changed = true;
  }
  return changed;
}
