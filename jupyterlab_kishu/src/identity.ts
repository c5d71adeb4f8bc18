/** Which notebook it is: what is said of it in each request, and its id in its metadata. */

import { UUID } from '@lumino/coreutils';

import type { Where } from './messages';
import type { NotebookContext } from './tokens';

/** What each request says of who asks. */
export interface ISender {
  client: string;
  notebook: Where;
}

/** The names that Kishu knows one notebook in one page by. */
export class Identity {
  constructor(
    private readonly context: NotebookContext,
    private readonly serverRoot: string
  ) {}

  /** The name of this notebook in this page, the same in all its requests. */
  readonly client = `jupyterlab-${UUID.uuid4()}`;

  /** What to send with a request; the path may be another each time. */
  get sender(): ISender {
    const { uuid, serverRoot: root } = this;
    return { client: this.client, notebook: { path: this.context.localPath, root, uuid } };
  }

  /** The id in the notebook's metadata that its history is known by; empty for none yet. */
  get uuid(): string {
    const kishu = this.context.model.sharedModel.getMetadata('kishu') as
      { uuid?: unknown } | undefined;
    return typeof kishu?.uuid === 'string' ? kishu.uuid : '';
  }

  /** Write the id to the notebook's metadata, and save where nothing else waits to be saved. */
  write(uuid: string): void {
    const { model } = this.context;
    if (!uuid || uuid === this.uuid || model.readOnly) {
      return;
    }
    const clean = !model.dirty;
    model.sharedModel.setMetadata('kishu', { uuid });
    if (clean && this.context.contentsModel?.writable !== false) {
      // What cannot be saved now is saved with the notebook.
      this.context.save().catch(() => undefined);
    }
  }
}
