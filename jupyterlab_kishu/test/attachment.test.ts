import { afterEach, describe, expect, it, vi } from 'vitest';

import { Attachment } from '../src/attachment';
import type { IPreferences } from '../src/environment';
import type { Event, ToldCell } from '../src/messages';
import type { IWaiting } from '../src/tokens';
import { Refusal, report, status, TestKernel } from './kernel';
import { code, environment, inPhase, TestNotebook, until } from './notebook';

interface IOpened {
  kernel: TestKernel;
  notebook: TestNotebook;
  attachment: Attachment;
}

/** Open a notebook of two cells. */
function open(
  kernel = new TestKernel(),
  path = 'a.ipynb',
  preferences: Partial<IPreferences> = {}
): IOpened {
  const notebook = new TestNotebook(path, kernel.connect(), 'x = 1', 'x += 1');
  return {
    kernel,
    notebook,
    attachment: new Attachment(notebook.context, environment(preferences))
  };
}

/** Open a notebook and attach it. */
async function openAttached(kernel?: TestKernel): Promise<IOpened> {
  const opened = open(kernel);
  await inPhase(opened.attachment, 'detached');
  await opened.attachment.init();
  return opened;
}

/** Resolve when the kernel has begun a request of this verb. */
function whenBegun(kernel: TestKernel, verb: string): Promise<void> {
  return until(kernel.begun, () => kernel.verbs.includes(verb));
}

/** The ids of the cells that a request told, those in full with a mark. */
const told = (request: object) =>
  (request as { cells: ToldCell[] }).cells.map(({ id, cell }) => (cell ? `${id}*` : id));

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('attaching', () => {
  it('is left to the user, and imports nothing until then', async () => {
    const { attachment, kernel } = open();
    expect(attachment.phase).toBe('connecting');
    await inPhase(attachment, 'detached');
    expect(attachment.why).toBe('');
    expect(kernel.requests).toEqual([]);
    await expect(attachment.undo()).rejects.toMatchObject({ kind: 'not-attached' });
  });

  it('greets, tells all cells, and writes the id of the history to the notebook', async () => {
    const { attachment, kernel, notebook } = open();
    await inPhase(attachment, 'detached');
    const phases: string[] = [];
    attachment.attached.connect(() => phases.push(attachment.phase));
    const session = await attachment.init();
    expect(kernel.verbs).toEqual(['hello', 'init']);
    expect(told(kernel.last('init'))).toEqual(['cell-0*', 'cell-1*']);
    expect(kernel.last('init')).toMatchObject({
      client: kernel.last('hello').client,
      notebook: { path: 'a.ipynb', root: '/root', uuid: '' }
    });
    expect(attachment.session).toBe(session);
    expect(phases).toEqual(['attached']);
    expect([notebook.uuid, notebook.saved]).toEqual(['uuid-of-history', 1]);
  });

  it('happens by itself in a notebook that was initialized once', async () => {
    const kernel = new TestKernel();
    kernel.leftover = { variables: 3, nbytes: 80 };
    const notebook = new TestNotebook('a.ipynb', kernel.connect(), 'x = 1');
    notebook.model.setMetadata('kishu', { uuid: 'uuid-of-history' });
    const attachment = new Attachment(notebook.context, environment());
    await inPhase(attachment, 'attached');
    expect(attachment.leftover).toEqual({ variables: 3, nbytes: 80 });
    expect(notebook.saved).toBe(0);
  });

  it('does not happen by itself where the user does not want that', async () => {
    const kernel = new TestKernel();
    const notebook = new TestNotebook('a.ipynb', kernel.connect(), 'x = 1');
    notebook.model.setMetadata('kishu', { uuid: 'uuid-of-history' });
    const attachment = new Attachment(notebook.context, environment({ reattach: false }));
    await inPhase(attachment, 'detached');
    expect(kernel.requests).toEqual([]);
  });

  it('happens in every notebook where the user wants that', async () => {
    const { attachment } = open(new TestKernel(), 'a.ipynb', { always: true });
    await inPhase(attachment, 'attached');
  });

  it('joins in when a cell has attached the kernel', async () => {
    const { attachment, kernel } = open();
    await inPhase(attachment, 'detached');
    kernel.attachByCell('a.ipynb');
    await inPhase(attachment, 'attached');
  });

  it('says why not where Kishu is not installed', async () => {
    const kernel = new TestKernel();
    kernel.isInstalled = false;
    const { attachment } = open(kernel, 'a.ipynb', { always: true });
    await inPhase(attachment, 'detached');
    expect(attachment.why).toBe('Kishu is not installed where this kernel runs.');
    await expect(attachment.init()).rejects.toMatchObject({ kind: 'no-kishu' });
  });

  it('leaves kernels of other languages alone', async () => {
    const kernel = new TestKernel();
    kernel.language = 'julia';
    const { attachment } = open(kernel, 'a.ipynb', { always: true });
    await inPhase(attachment, 'foreign');
    await expect(attachment.init()).rejects.toMatchObject({ kind: 'no-kernel' });
    expect(kernel.requests).toEqual([]);
  });

  it('again tells all cells anew', async () => {
    const { attachment, kernel } = await openAttached();
    await attachment.init();
    expect(told(kernel.last('init'))).toEqual(['cell-0*', 'cell-1*']);
  });

  it('is done once at a time, and a request waits for it', async () => {
    const kernel = new TestKernel();
    const release = kernel.hold('init');
    const { attachment } = open(kernel, 'a.ipynb', { always: true });
    await whenBegun(kernel, 'init');
    kernel.setStatus('idle');
    const undone = attachment.undo();
    release();
    await undone;
    expect(kernel.verbs).toEqual(['hello', 'init', 'undo']);
  });

  it('ends with the session', async () => {
    const { attachment } = await openAttached();
    await attachment.detach();
    expect([attachment.phase, attachment.session]).toEqual(['detached', null]);
  });
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

describe('a restart', () => {
  it('fails what waits, and attaches to the new process', async () => {
    const { attachment, kernel } = await openAttached();
    kernel.hold('undo');
    const failed = expect(attachment.undo()).rejects.toMatchObject({ kind: 'kernel-lost' });
    await whenBegun(kernel, 'undo');
    kernel.leftover = { variables: 1, nbytes: 8 };
    kernel.restart();
    expect([attachment.phase, attachment.session]).toEqual(['connecting', null]);
    await failed;
    await inPhase(attachment, 'attached');
    expect(attachment.leftover).toEqual({ variables: 1, nbytes: 8 });
    expect(told(kernel.last('init'))).toEqual(['cell-0*', 'cell-1*']);
    kernel.answers.restore = () => report({ loaded: ['x'] });
    expect((await attachment.restore()).loaded).toEqual(['x']);
    expect(attachment.leftover).toBeNull();
  });

  it('in the middle of attaching by itself is no failure', async () => {
    const kernel = new TestKernel();
    kernel.hold('init');
    const { attachment } = open(kernel, 'a.ipynb', { always: true });
    await whenBegun(kernel, 'init');
    const phases: string[] = [];
    attachment.changed.connect(() => phases.push(attachment.phase));
    kernel.restart();
    await inPhase(attachment, 'attached');
    expect(phases).toEqual(['connecting', 'attached']);
  });

  it('lets go of the cells that were to run', async () => {
    const { attachment, kernel } = await openAttached();
    attachment.noteScheduled('cell-0', 'was to run');
    kernel.restart();
    await inPhase(attachment, 'attached');
    attachment.noteExecuted('cell-0', 1);
    await attachment.undo();
    expect(told(kernel.last('cells'))).toEqual(['cell-0', 'cell-1']);
  });

  it('of a kernel that crashed is the same', async () => {
    const { attachment, kernel } = await openAttached();
    kernel.restart('autorestarting');
    await inPhase(attachment, 'attached');
    await attachment.undo();
  });

  it('in the middle of attaching attaches once more', async () => {
    const { attachment, kernel } = open();
    await inPhase(attachment, 'detached');
    kernel.hold('init');
    const failed = expect(attachment.init()).rejects.toMatchObject({ kind: 'kernel-lost' });
    await whenBegun(kernel, 'init');
    kernel.restart();
    await failed;
    await inPhase(attachment, 'detached');
    await attachment.init();
    expect(attachment.phase).toBe('attached');
  });

  it('drops the offer once as many variables are there again', async () => {
    const { attachment, kernel } = await openAttached();
    kernel.leftover = { variables: 2, nbytes: 8 };
    kernel.restart();
    await inPhase(attachment, 'attached');
    kernel.session = status({ variables: 1 });
    kernel.tell({ operations: ['run'] });
    expect(attachment.leftover).not.toBeNull();
    kernel.session = status({ variables: 2 });
    kernel.tell({ operations: ['run'] });
    expect(attachment.leftover).toBeNull();
  });

  it('that does not come leaves a dead kernel', async () => {
    const { attachment, kernel } = await openAttached();
    kernel.hold('undo');
    const failed = expect(attachment.undo()).rejects.toMatchObject({ kind: 'kernel-lost' });
    await whenBegun(kernel, 'undo');
    kernel.setStatus('dead');
    await failed;
    expect([attachment.phase, attachment.why]).toEqual(['foreign', 'The kernel is dead.']);
    await expect(attachment.undo()).rejects.toMatchObject({
      kind: 'no-kernel',
      message: 'The kernel is dead.'
    });
  });
});

describe('another kernel', () => {
  it('is attached to in place of the first, whose requests fail', async () => {
    const { attachment, kernel, notebook } = await openAttached();
    kernel.hold('undo');
    const failed = expect(attachment.undo()).rejects.toMatchObject({ kind: 'kernel-lost' });
    await whenBegun(kernel, 'undo');
    const other = new TestKernel();
    notebook.changeKernel(other.connect());
    await failed;
    await inPhase(attachment, 'attached');
    expect(other.verbs).toEqual(['hello', 'init']);
    kernel.tell({ operations: ['detach'], session: null });
    expect(attachment.phase).toBe('attached');
  });

  it('that comes in the middle of attaching is attached to', async () => {
    const kernel = new TestKernel();
    kernel.hold('init');
    const { attachment, notebook } = open(kernel, 'a.ipynb', { always: true });
    await whenBegun(kernel, 'init');
    const other = new TestKernel();
    notebook.changeKernel(other.connect());
    await inPhase(attachment, 'attached');
    expect(other.verbs).toContain('init');
  });

  it('may be none', async () => {
    const { attachment, notebook } = await openAttached();
    notebook.changeKernel(null);
    expect(attachment.phase).toBe('foreign');
    await expect(attachment.init()).rejects.toMatchObject({ kind: 'no-kernel' });
  });
});

describe('two notebooks on one kernel', () => {
  it('have one session, that of the first', async () => {
    const { attachment, kernel } = await openAttached();
    const second = open(kernel, 'b.ipynb');
    await inPhase(second.attachment, 'detached');
    expect(second.attachment.why).toBe('This kernel records another notebook, a.ipynb.');
    await expect(second.attachment.init()).rejects.toMatchObject({ kind: 'another-notebook' });
    expect(second.notebook.uuid).toBeUndefined();
    kernel.session = status({ notebook: 'a.ipynb', commits: 2 });
    kernel.tell({ operations: ['run'] });
    expect(attachment.session?.commits).toBe(2);
    expect(second.attachment.session).toBeNull();
  });

  it('are each asked only for the cells that are wanted of them', async () => {
    const kernel = new TestKernel();
    const first = await openAttached(kernel);
    const second = open(kernel);
    await inPhase(second.attachment, 'attached');
    const { client } = kernel.requests[0];
    kernel.answers.checkout = () =>
      report({ cells: { commit: 'c0', cells: [{ id: 'z', cell: code('z', 'old') }] } });
    kernel.tell({ operations: ['wanted'], wanted: 'c0', wanted_of: client });
    const { model } = first.notebook;
    await until(model.changed, () => model.cells.length === 1);
    expect(kernel.verbs.filter(verb => verb === 'checkout')).toHaveLength(1);
    expect(kernel.last('checkout')).toMatchObject({ client, ref: 'c0', variables: false });
    expect(second.notebook.model.cells).toHaveLength(2);
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

describe('disposing', () => {
  it('in the middle of a request lets go of the kernel', async () => {
    const { attachment, kernel, notebook } = await openAttached();
    const release = kernel.hold('undo');
    const undone = attachment.undo();
    await whenBegun(kernel, 'undo');
    const heard: Event[] = [];
    let ended = 0;
    attachment.events.connect((_, event) => heard.push(event));
    attachment.disposed.connect(() => ended++);
    notebook.close();
    attachment.dispose();
    expect([attachment.isDisposed, attachment.phase, ended]).toEqual([true, 'foreign', 1]);
    kernel.tell({ operations: ['run'] });
    kernel.restart();
    await expect(undone).rejects.toMatchObject({ kind: 'kernel-lost' });
    release();
    await expect(attachment.undo()).rejects.toMatchObject({ kind: 'no-kernel' });
    expect(heard).toEqual([]);
    expect(kernel.verbs).toEqual(['hello', 'init', 'undo']);
  });

  it('before the notebook is there follows no kernel', async () => {
    const { attachment, kernel, notebook } = open(new TestKernel(), 'a.ipynb', { always: true });
    attachment.dispose();
    await notebook.context.ready;
    await inPhase(attachment, 'foreign');
    kernel.setStatus('idle');
    expect(kernel.requests).toEqual([]);
  });

  it('in the middle of attaching attaches to nothing more', async () => {
    const kernel = new TestKernel();
    const release = kernel.hold('init');
    const { attachment } = open(kernel, 'a.ipynb', { always: true });
    await whenBegun(kernel, 'init');
    attachment.dispose();
    expect(attachment.phase).toBe('foreign');
    kernel.restart();
    release();
    expect(kernel.verbs).toEqual(['hello', 'init']);
  });
});
