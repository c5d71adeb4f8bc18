import { afterEach, describe, expect, it, vi } from 'vitest';

import type { IWaiting } from '../src/tokens';
import { Refusal, report } from './kernel';
import { code, until } from './notebook';
import { openAttached, told, whenBegun } from './opened';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a request', () => {
  it('tells only the cells that changed since the last one', async () => {
    const { attachment, kernel, notebook } = await openAttached();
    notebook.model.cells[1].setSource('x += 2');
    await attachment.commit('named');
    expect(told(kernel.last('commit'))).toEqual(['cell-0', 'cell-1*']);
    expect(kernel.last('commit').message).toBe('named');
    await attachment.undo();
    expect(told(kernel.last('undo'))).toEqual(['cell-0', 'cell-1']);
    await attachment.request('log', { automatic: 5 });
    expect(kernel.last('log')).not.toHaveProperty('cells');
    expect(kernel.last('log').automatic).toBe(5);
  });

  it('is asked again with all cells where the kernel does not know them', async () => {
    const { attachment, kernel } = await openAttached();
    kernel.forgetCells();
    await attachment.undo();
    expect(kernel.verbs).toEqual(['hello', 'init', 'undo', 'undo']);
    expect(told(kernel.last('undo'))).toEqual(['cell-0*', 'cell-1*']);
  });

  it('is not asked a third time', async () => {
    const { attachment, kernel } = await openAttached();
    kernel.answers.undo = () => {
      throw new Refusal('unknown-cells');
    };
    await expect(attachment.undo()).rejects.toMatchObject({ kind: 'unknown-cells' });
    expect(kernel.verbs.filter(verb => verb === 'undo')).toHaveLength(2);
  });

  it('tells all cells anew after one that failed, or an event that asks for that', async () => {
    const { attachment, kernel } = await openAttached();
    const answer = kernel.answers.undo;
    kernel.answers.undo = () => {
      throw new Refusal('nothing-to-do', 'There is nothing to undo.');
    };
    await expect(attachment.undo()).rejects.toThrow('There is nothing to undo.');
    kernel.answers.undo = answer;
    await attachment.undo();
    expect(told(kernel.last('undo'))).toEqual(['cell-0*', 'cell-1*']);
    const { client } = kernel.last('undo');
    kernel.tell({ operations: ['unknown-cells'], client: 'somebody else' });
    await attachment.undo();
    expect(told(kernel.last('undo'))).toEqual(['cell-0', 'cell-1']);
    kernel.tell({ operations: ['unknown-cells'], client });
    await attachment.undo();
    expect(told(kernel.last('undo'))).toEqual(['cell-0*', 'cell-1*']);
  });

  it('waits until the kernel has what was told of the last run', async () => {
    const { attachment, kernel, notebook } = await openAttached();
    const release = kernel.hold('cells');
    attachment.noteScheduled('cell-0', 'x = 1');
    notebook.model.cells[0].setSource('typed since');
    attachment.noteExecuted('cell-0', 1);
    const undone = attachment.undo();
    await whenBegun(kernel, 'cells');
    expect(kernel.last('cells').cells[0].cell.source).toBe('x = 1');
    expect(kernel.verbs).not.toContain('undo');
    release();
    await undone;
    expect(kernel.last('undo').cells[0].cell.source).toBe('typed since');
  });

  it('does not wait for ever for what was told of the last run, and tells all anew', async () => {
    const { attachment, kernel } = await openAttached();
    const warned = vi.spyOn(console, 'warn').mockReturnValue();
    kernel.hold('cells');
    vi.useFakeTimers();
    attachment.noteExecuted('cell-0', 1);
    const undone = attachment.undo();
    await vi.advanceTimersByTimeAsync(60_000);
    await undone;
    expect(told(kernel.last('undo'))).toEqual(['cell-0*', 'cell-1*']);
    expect(warned).toHaveBeenCalledOnce();
  });

  it('shows how far it is', async () => {
    const { attachment, kernel } = await openAttached();
    const release = kernel.hold('undo');
    const seen: (number | null)[] = [];
    let waiting: IWaiting | null = null;
    attachment.waiting.connect((_, now) => {
      waiting = now;
      seen.push(now && (now.progress?.done ?? 0));
    });
    const undone = attachment.undo();
    await whenBegun(kernel, 'undo');
    const progress = { request: waiting!.pending.id, what: 'read', done: 5, total: 10 };
    kernel.tell({ progress: { ...progress, request: 'of somebody else' } });
    kernel.tell({ progress });
    expect(attachment.phase).toBe('attached');
    release();
    await undone;
    expect(seen).toEqual([0, 5, null]);
  });

  it('can be cancelled before the kernel begins it', async () => {
    const { attachment, kernel } = await openAttached();
    const release = kernel.hold('log');
    const listed = attachment.log();
    await whenBegun(kernel, 'log');
    const waiting: (IWaiting | null)[] = [];
    attachment.waiting.connect((_, now) => waiting.push(now));
    const undone = attachment.undo();
    const failed = expect(undone).rejects.toMatchObject({ kind: 'cancelled' });
    await until(attachment.waiting, () => waiting.length > 0);
    await waiting[0]!.pending.cancel();
    await failed;
    release();
    await listed;
    expect(waiting.at(-1)).toBeNull();
  });

  it('can be cancelled while the kernel answers it', async () => {
    const { attachment, kernel } = await openAttached();
    const release = kernel.hold('undo');
    let waiting: IWaiting | null = null;
    attachment.waiting.connect((_, now) => (waiting = now));
    const failed = expect(attachment.undo()).rejects.toMatchObject({ kind: 'cancelled' });
    await whenBegun(kernel, 'undo');
    await waiting!.pending.cancel();
    expect(waiting).not.toBeNull();
    release();
    await failed;
    expect(attachment.phase).toBe('attached');
  });

  it('fails where the kernel is done with it and the reply does not come', async () => {
    const { attachment, kernel } = await openAttached();
    kernel.unanswered.add('undo');
    vi.useFakeTimers();
    const failed = expect(attachment.undo()).rejects.toMatchObject({ kind: 'silent' });
    await vi.advanceTimersByTimeAsync(60_000);
    await failed;
    kernel.unanswered.delete('undo');
    await attachment.undo();
  });

  it('waits as long as the kernel is busy', async () => {
    const { attachment, kernel } = await openAttached();
    vi.useFakeTimers();
    const release = kernel.hold('undo');
    const undone = attachment.undo();
    await vi.advanceTimersByTimeAsync(3_600_000);
    release();
    await undone;
  });
});

describe('a checkout', () => {
  it('first takes in what was typed while it waited', async () => {
    const { attachment, kernel, notebook } = await openAttached();
    const release = kernel.hold('checkout');
    let before = 'c1';
    kernel.answers.checkout = () => {
      const cells = [{ id: 'cell-0', cell: code('cell-0', 'old') }];
      const given = report({ before, cells: { commit: 'c0', cells } });
      before = 'c2';
      return given;
    };
    const checkedOut = attachment.checkout('c0');
    await whenBegun(kernel, 'checkout');
    notebook.model.cells[1].setSource('typed meanwhile');
    release();
    const done = await checkedOut;
    expect([done.report.before, done.cellsBefore]).toEqual(['c1', 'c2']);
    expect(kernel.last('checkout')).toMatchObject({ variables: false });
    expect(told(kernel.last('checkout'))).toEqual(['cell-0*', 'cell-1*']);
    expect(kernel.last('checkout').cells[1].cell.source).toBe('typed meanwhile');
    expect(notebook.model.cells.map(cell => cell.getSource())).toEqual(['old']);
    await attachment.goBack(done);
    expect(kernel.requests.slice(-2).map(({ ref, variables }) => [ref, variables])).toEqual([
      ['c1', true],
      ['c2', false]
    ]);
  });
});
