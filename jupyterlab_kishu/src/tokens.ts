/** What other plugins can use of Kishu: require `IKishu`, and ask it for a notebook's attachment. */

import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { IObservableDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { IPending } from './client';
import type {
  Attached,
  Entry,
  Event,
  Progress,
  Report,
  ShellRequest,
  Status,
  Welcome
} from './messages';

/** What JupyterLab calls the context of an open notebook; all its views share it. */
export type NotebookContext = NotebookPanel['context'];

/**
 * How a notebook stands to Kishu.
 *
 * - `foreign`: there is no Python kernel.
 * - `connecting`: it is being found out.
 * - `detached`: there is a Python kernel, and no session for this notebook in it.
 * - `attached`: there is one, and cell runs are in its history.
 */
export type Phase = 'foreign' | 'connecting' | 'detached' | 'attached';

/** What the last kernel left, to be restored. */
export interface ILeftover {
  variables: number;
  nbytes: number;
}

/** A request that the user waits for. */
export interface IWaiting {
  pending: IPending<unknown>;
  /** How far it is, once the kernel has begun it. */
  progress: Progress | null;
}

/** What a checkout did. */
export interface ICheckout {
  report: Report;
  /** The commit of the cells before it; that of the variables is the report's `before`. */
  cellsBefore: string;
}

/** A verb that a kernel answers in order with cells. */
export type Verb = ShellRequest['verb'];

/** What each verb is answered with. */
export interface IResults {
  hello: Welcome;
  init: Attached;
  status: null;
  log: Entry[];
  undo: Report;
  redo: Report;
  commit: Entry;
  checkout: Report;
  restore: Report;
  trust: number;
  pause: null;
  unpause: null;
  detach: null;
}

/** What a request may say beside its verb; who asks, and the notebook's cells, are added to it. */
export type Fields<V extends Verb> = Omit<
  Extract<ShellRequest, { verb: V }>,
  'verb' | 'client' | 'notebook' | 'cells'
>;

/** The verbs after which nothing is left to do in the page; the others have methods. */
export type PlainVerb = Exclude<Verb, 'hello' | 'init' | 'checkout' | 'restore'>;

/**
 * One notebook's attachment to Kishu in its kernel.
 *
 * It lives as long as the notebook is open, and outlives kernels: after a restart, or with another
 * kernel, it attaches anew where the user wants that. Every method that asks the kernel fails with
 * a `KishuError`.
 */
export interface IAttachment extends IObservableDisposable {
  /** The notebook's context: its path, its model, its kernel's session. */
  readonly context: NotebookContext;
  /** How the notebook stands to Kishu. */
  readonly phase: Phase;
  /** Where the session is; null where none is attached. */
  readonly session: Status | null;
  /** What the last kernel left, where it can be restored still. */
  readonly leftover: ILeftover | null;
  /** Why it is not attached, where that was tried; else empty. */
  readonly why: string;
  /** Whether the kernel is at work, so that a request would wait. */
  readonly busy: boolean;

  /** Emitted when anything above may have changed. */
  readonly changed: ISignal<this, void>;
  /** Emitted when a session was attached, or found to be: after a restart again. */
  readonly attached: ISignal<this, Status>;
  /**
   * Emitted for each event that the kernel tells, when the attachment has taken it in: `operations`
   * says what was done (a run, a commit, an undo …), whoever asked for it.
   */
  readonly events: ISignal<this, Event>;
  /** Emitted when a request is on its way, has got further, or is over (null). */
  readonly waiting: ISignal<this, IWaiting | null>;

  /**
   * Ask the kernel's session, in order with cells: `request('log', { automatic: 50 })`.
   *
   * @param fields - what to say beside the verb.
   */
  request<V extends PlainVerb>(verb: V, fields?: Fields<V>): Promise<IResults[V]>;

  /** Attach, or find that it is attached. */
  init(): Promise<Status>;
  /** Take back the last step; variables only. */
  undo(): Promise<Report>;
  /** Do the last undone step again; variables only. */
  redo(): Promise<Report>;
  /** Name the present variables and cells. */
  commit(message: string): Promise<Entry>;
  /**
   * Go to another state; the notebook's cells are those of that state when this resolves.
   *
   * @param variables - whether to bring back the variables, too, and not the cells alone.
   */
  checkout(ref: string, variables?: boolean): Promise<ICheckout>;
  /** Go back to what was there before a checkout. */
  goBack(checkout: ICheckout): Promise<ICheckout>;
  /** Bring back what the last kernel left. */
  restore(): Promise<Report>;
  /** Stop offering what the last kernel left. */
  dismissLeftover(): void;
  /** List the commits, newest first. */
  log(): Promise<Entry[]>;
  /** Vouch for a history from elsewhere. */
  trust(): Promise<void>;
  /** Stop committing cells. */
  pause(): Promise<void>;
  /** Commit cells again. */
  unpause(): Promise<void>;
  /** End the session; its history stays. */
  detach(): Promise<void>;
}

/** An event, and whose it is. */
export interface IAttachmentEvent {
  attachment: IAttachment;
  event: Event;
}

/** Kishu in this page: an attachment for each open notebook, and what happens in any of them. */
export interface IKishu {
  /** Return a notebook's attachment; it is made where there is none yet. */
  attachmentOf(notebook: NotebookPanel | NotebookContext): IAttachment;
  /** The attachment of the notebook in front, whatever its kernel; null where there is none. */
  readonly current: IAttachment | null;
  /** Emitted when another notebook is in front, or none (null). */
  readonly currentChanged: ISignal<IKishu, IAttachment | null>;
  /** Emitted when any notebook's session was attached, or found to be. */
  readonly attached: ISignal<IKishu, IAttachment>;
  /** Emitted when what an attachment says of itself may have changed. */
  readonly changed: ISignal<IKishu, IAttachment>;
  /** Emitted for each event that the kernel of any open notebook tells. */
  readonly events: ISignal<IKishu, IAttachmentEvent>;
}

/** The token by which a plugin gets at Kishu: name it in `requires` or `optional`. */
export const IKishu = new Token<IKishu>(
  'jupyterlab_kishu:IKishu',
  "Kishu in this page: each notebook's attachment, its state, its events and its requests."
);
