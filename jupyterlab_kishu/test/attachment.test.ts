import { describe, expect, it } from 'vitest';

import { Attachment } from '../src/attachment';
import type { Event } from '../src/messages';
import { report, status, TestKernel } from './kernel';
import { code, environment, inPhase, TestNotebook, until } from './notebook';
import { open, openAttached, told, whenBegun } from './opened';

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
      notebook: { path: 'a.ipynb', root: '/srv', uuid: '' }
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

  it('that comes in the middle of attaching gets the requests that waited', async () => {
    const kernel = new TestKernel();
    kernel.hold('init');
    const { attachment, notebook } = open(kernel, 'a.ipynb', { always: true });
    await whenBegun(kernel, 'init');
    const undone = attachment.undo();
    await notebook.context.sessionContext.ready;
    const other = new TestKernel();
    notebook.changeKernel(other.connect());
    await undone;
    expect(kernel.verbs).toEqual(['hello', 'init']);
    expect(other.verbs).toContain('undo');
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
