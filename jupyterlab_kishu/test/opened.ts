/** A notebook that is open, its kernel and its attachment, as most tests begin. */

import { Attachment } from '../src/attachment';
import type { IPreferences } from '../src/environment';
import type { ToldCell } from '../src/messages';
import { TestKernel } from './kernel';
import { environment, inPhase, TestNotebook, until } from './notebook';

export interface IOpened {
  kernel: TestKernel;
  notebook: TestNotebook;
  attachment: Attachment;
}

/** Open a notebook of two cells. */
export function open(
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
export async function openAttached(kernel?: TestKernel): Promise<IOpened> {
  const opened = open(kernel);
  await inPhase(opened.attachment, 'detached');
  await opened.attachment.init();
  return opened;
}

/** Resolve when the kernel has begun a request of this verb. */
export function whenBegun(kernel: TestKernel, verb: string): Promise<void> {
  return until(kernel.begun, () => kernel.verbs.includes(verb));
}

/** List the ids of the cells that a request told, those in full with a mark. */
export const told = (request: object) =>
  (request as { cells: ToldCell[] }).cells.map(({ id, cell }) => (cell ? `${id}*` : id));
