import { YNotebook } from '@jupyter/ydoc';
import { describe, expect, it } from 'vitest';

import { Document } from '../src/document';
import type { ToldCell } from '../src/messages';

const code = (id: string, source: string, outputs: object[] = []) => ({
  id,
  cell_type: 'code',
  source,
  metadata: {},
  outputs,
  execution_count: null
});
const markdown = (id: string, source: string) => ({
  id,
  cell_type: 'markdown',
  source,
  metadata: {}
});
const printed = (text: string) => ({ output_type: 'stream', name: 'stdout', text });

function notebook(...cells: object[]): YNotebook {
  const made = new YNotebook();
  made.insertCells(0, cells as any);
  made.clearUndoHistory();
  return made;
}

/** The cells without what JupyterLab adds while it runs. */
function contents(model: YNotebook): object[] {
  return model.cells.map(cell => {
    const { metadata, ...content } = cell.toJSON() as any;
    const { trusted: _, ...kept } = metadata;
    return { ...content, metadata: kept };
  });
}

const inFull = (cells: any[]): ToldCell[] => cells.map(cell => ({ id: cell.id, cell }));

describe('Document.tell', () => {
  it('tells in full what is new or has changed, and nothing else', () => {
    const model = notebook(code('a', '1'), code('b', '2'));
    const document = new Document(() => model);
    expect(document.tell()).toEqual(inFull([code('a', '1'), code('b', '2')]));
    expect(document.tell()).toEqual([{ id: 'a' }, { id: 'b' }]);
    model.cells[1].setSource('3');
    model.insertCell(0, markdown('c', 'title') as any);
    const told = document.tell()!;
    expect(told.map(cell => [cell.id, Boolean(cell.cell)])).toEqual([
      ['c', true],
      ['a', false],
      ['b', true]
    ]);
  });

  it('tells the text that ran, and the one typed since the next time', () => {
    const model = notebook(code('a', 'ran'));
    const document = new Document(() => model);
    document.tell();
    model.cells[0].setSource('typed since');
    expect(document.tell(new Map([['a', 'ran']]))![0].cell?.source).toBe('ran');
    expect(document.tell()![0].cell?.source).toBe('typed since');
    expect(document.tell()).toEqual([{ id: 'a' }]);
  });

  it('tells all anew once it has forgotten', () => {
    const model = notebook(code('a', '1'));
    const document = new Document(() => model);
    document.tell();
    document.forget();
    expect(document.tell()).toEqual(inFull([code('a', '1')]));
  });
});

describe('Document.replace', () => {
  it('changes in place, so that editors stay', () => {
    const model = notebook(code('a', '1'), code('b', '2'));
    const [a, b] = model.cells;
    const changes = new Document(() => model).replace([
      { id: 'a' },
      ...inFull([code('b', 'other', [printed('x')])])
    ]);
    expect(changes).toBe(1);
    expect(model.cells[0]).toBe(a);
    expect(model.cells[1]).toBe(b);
    expect(contents(model)).toEqual([code('a', '1'), code('b', 'other', [printed('x')])]);
  });

  it('puts moved and deleted cells back, and takes new ones away', () => {
    const before = [code('a', '1'), markdown('m', 'text'), code('b', '2', [printed('y')])];
    const model = notebook(code('b', '2', [printed('y')]), code('new', ''), code('a', 'edited'));
    new Document(() => model).replace(inFull(before));
    expect(contents(model)).toEqual(before);
  });

  it('is one step of undo', () => {
    const now = [code('b', 'now'), code('c', 'new', [printed('n')]), markdown('a', 'text')];
    const model = notebook(...now);
    const before = contents(model);
    new Document(() => model).replace(
      inFull([code('a', 'code'), code('b', 'then'), code('c', 'new', [printed('other')])])
    );
    expect(contents(model)).not.toEqual(before);
    model.undo();
    expect(contents(model)).toEqual(before);
  });

  it('leaves nothing to be told', () => {
    const model = notebook(code('a', '1'));
    const document = new Document(() => model);
    document.tell();
    document.replace(inFull([code('z', '0'), code('a', '2')]));
    expect(document.tell()).toEqual([{ id: 'z' }, { id: 'a' }]);
  });

  it('gives any cells from any others', () => {
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    const some = () => {
      const letters = [...'abcdef'];
      return Array.from({ length: random(7) }, () => {
        const [id] = letters.splice(random(letters.length), 1);
        return random(3)
          ? code(id, `${random(3)}`, random(2) ? [printed(`${random(3)}`)] : [])
          : markdown(id, `${random(3)}`);
      });
    };
    for (let round = 0; round < 300; round++) {
      const [from, to] = [some(), some()];
      const model = notebook(...from);
      const same = (cell: any) =>
        from.find(other => JSON.stringify(other) === JSON.stringify(cell));
      new Document(() => model).replace(
        to.map(cell => (same(cell) ? { id: cell.id } : { id: cell.id, cell }))
      );
      expect(contents(model)).toEqual(to);
      model.undo();
      expect(contents(model)).toEqual(from);
    }
  });
});
