import type { NotebookPanel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';

import { Attachments } from '../src/attachments';
import { IKishu } from '../src/tokens';
import type { IAttachment, Report, Status } from '../src';
import consumer from './consumer';
import { TestKernel } from './kernel';
import { environment, inPhase, TestNotebook, until } from './notebook';

class Tracked {
  currentWidget: NotebookPanel | null = null;
  readonly currentChanged = new Signal<this, NotebookPanel | null>(this);

  show(notebook: TestNotebook | null): void {
    this.currentWidget = notebook && ({ context: notebook.context } as NotebookPanel);
    this.currentChanged.emit(this.currentWidget);
  }
}

function opened(path: string) {
  const kernel = new TestKernel();
  return { kernel, notebook: new TestNotebook(path, kernel.connect(), 'x = 1') };
}

describe('IKishu', () => {
  it('serves a plugin of somebody else', async () => {
    const tracked = new Tracked();
    const kishu = new Attachments(tracked, environment());
    expect(consumer.requires).toEqual([IKishu]);
    const list = await consumer.activate(null as any, kishu);
    const { kernel, notebook } = opened('a.ipynb');
    tracked.show(notebook);
    expect(kishu.current).toBe(kishu.attachmentOf(notebook.context));
    await inPhase(kishu.current!, 'detached');
    await kishu.current!.init();
    kernel.tell({ operations: ['run'] });
    kernel.answers.log = ({ automatic }) => [{ id: `c${automatic}` }];
    expect(await list.newest(5)).toEqual([{ id: 'c5' }]);
    tracked.show(null);
    expect(await list.newest(5)).toEqual([]);
    expect(list.lines).toEqual([
      'a.ipynb in front',
      'a.ipynb attached',
      'a.ipynb run',
      'none in front'
    ]);
  });

  it('gives one attachment for all views of a notebook', () => {
    const kishu = new Attachments(new Tracked(), environment());
    const { notebook } = opened('a.ipynb');
    const { context } = notebook;
    const attachment = kishu.attachmentOf(context);
    expect(kishu.attachmentOf({ context } as NotebookPanel)).toBe(attachment);
    expect(kishu.ofModel(context.model)).toBe(attachment);
    expect(kishu.ofModel(null)).toBeNull();
    expect(kishu.attachmentOf(opened('b.ipynb').notebook.context)).not.toBe(attachment);
  });

  it('tells what changes in any notebook', async () => {
    const kishu = new Attachments(new Tracked(), environment());
    const [a, b] = ['a.ipynb', 'b.ipynb'].map(opened);
    const changed = new Set<IAttachment>();
    kishu.changed.connect((_, attachment) => changed.add(attachment));
    const attachments = [a, b].map(({ notebook }) => kishu.attachmentOf(notebook.context));
    await until(kishu.changed, () => attachments.every(({ phase }) => phase === 'detached'));
    expect(changed).toEqual(new Set(attachments));
  });

  it('has types that tell a wrong request from a right one', () => {
    const typed = (attachment: IAttachment) => {
      const undone: Promise<Report> = attachment.request('undo', { n: 2 });
      const paused: Promise<null> = attachment.request('pause');
      // @ts-expect-error: nobody knows this verb
      void attachment.request('frobnicate');
      // @ts-expect-error: a log has no such field
      void attachment.request('log', { message: 'x' });
      // @ts-expect-error: the cells are put in place by `checkout`, the method
      void attachment.request('checkout', { ref: 'HEAD' });
      const session: Status | null = attachment.session;
      return [undone, paused, session];
    };
    expect(typed).toBeTypeOf('function');
  });
});
