// Made from src/kishu/kernel/messages.py by `python -m tools.schema`: change it there.

export const PROTOCOL = 1;

/** The kinds of errors that a kernel tells of; a newer one may have others. */
export type ErrorKind =
  | 'error'
  | 'usage'
  | 'unknown-ref'
  | 'ambiguous-ref'
  | 'unknown-cells'
  | 'nothing-to-do'
  | 'not-attached'
  | 'config'
  | 'store'
  | 'damaged'
  | 'unsupported'
  | 'not-recording'
  | 'in-use'
  | 'untrusted'
  | 'cancelled'
  | 'restore'
  | 'not-recoverable'
  | 'replay';

/** The notebook that a front end shows. */
export interface Where {
  path?: string;
  root?: string;
  uuid?: string;
}

/** The first request; answered by `Welcome`. */
export interface Hello {
  verb: 'hello';
  protocol?: number;
  client?: string;
  notebook?: Where | null;
}

/** Hold a cell as a front end sends it to the kernel, or the kernel to a front end. */
export interface ToldCell {
  id: string;
  cell?: { [key: string]: any } | null;
}

/** Attach to the notebook, or find that it is; answered by `Attached`. */
export interface Init {
  verb: 'init';
  cells?: ToldCell[] | null;
  client?: string;
  notebook?: Where | null;
}

/** Take back cell runs, checkouts and restarts, one at a time; variables only; answered by a Report. */
export interface Undo {
  verb: 'undo';
  cells?: ToldCell[] | null;
  client?: string;
  notebook?: Where | null;
  n?: number;
  force?: boolean;
}

/** Do undone steps again; answered by a Report. */
export interface Redo {
  verb: 'redo';
  cells?: ToldCell[] | null;
  client?: string;
  notebook?: Where | null;
  n?: number;
  force?: boolean;
}

/** Name the present state, variables and cells; answered by an Entry. */
export interface Commit {
  verb: 'commit';
  cells?: ToldCell[] | null;
  client?: string;
  notebook?: Where | null;
  message?: string;
}

/** Go to a state, or bring back single variables of it; answered by a Report. */
export interface Checkout {
  verb: 'checkout';
  cells?: ToldCell[] | null;
  client?: string;
  notebook?: Where | null;
  ref: string;
  variables?: boolean;
  code?: boolean;
  only?: string[] | null;
  force?: boolean;
}

/** Bring back, after a restart or a crash, the last state of the kernel before; answered by a Report. */
export interface Restore {
  verb: 'restore';
  cells?: ToldCell[] | null;
  client?: string;
  notebook?: Where | null;
}

/** List the commits, newest first; nothing is unpickled or run; answered by a list of Entry. */
export interface Log {
  verb: 'log';
  client?: string;
  notebook?: Where | null;
  automatic?: number;
}

/** Say where you are, what it cost, and whether it records; answered by the reply's `session`. */
export interface StatusOf {
  verb: 'status';
  client?: string;
  notebook?: Where | null;
}

/** Stop committing cells; answered by the reply's `session`. */
export interface Pause {
  verb: 'pause';
  client?: string;
  notebook?: Where | null;
}

/** Commit cells again; answered by the reply's `session`. */
export interface Unpause {
  verb: 'unpause';
  client?: string;
  notebook?: Where | null;
}

/** Use a history that came from elsewhere; answered by how many sessions' records that are. */
export interface Trust {
  verb: 'trust';
  client?: string;
  notebook?: Where | null;
}

/** Stop recording this notebook; its history stays. */
export interface Detach {
  verb: 'detach';
  client?: string;
  notebook?: Where | null;
}

/** Tell what the notebook's cells are after a cell of it has run (control channel). */
export interface CellsRun {
  verb: 'cells';
  cells?: ToldCell[] | null;
  number?: number;
  client?: string;
  notebook?: Where | null;
}

/** How far the request is that is being answered (control channel); answered by `Progress`. */
export interface ProgressOf {
  verb: 'progress';
  client?: string;
  notebook?: Where | null;
}

/** Stop answering a request (control channel): it gets an error, nothing is changed. */
export interface Cancel {
  verb: 'cancel';
  client?: string;
  notebook?: Where | null;
  request: string;
}

/** Who answers, and what it can do. */
export interface Welcome {
  protocol: number;
  kishu: string;
  features: string[];
  attached: boolean;
}

/** Tell what a notebook is attached to. */
export interface Attached {
  ours: boolean;
  uuid: string;
  variables: number;
  nbytes: number;
}

/** Describe the cell whose run a commit records. */
export interface Cell {
  source?: string;
  number?: number;
  id?: string;
  outcome?: string;
  seconds?: number;
  effects?: string[];
  code?: string;
}

/** Describe a commit as one line of the log. */
export interface Entry {
  id: string;
  parent: string;
  kind: string;
  time: number;
  label: string;
  message: string;
  cell: Cell | null;
  changed: string[];
  deleted: string[];
  cost: number;
  nbytes: number;
  branches: string[];
  tags: string[];
  current: boolean;
  forgotten: boolean;
  unverified: string[];
  late: string[];
  settings: string[];
}

/** Hold the cells that a notebook is to have after a checkout. */
export interface Target {
  commit: string;
  cells: ToldCell[];
}

/** Tell what happened to each variable when a state was brought back. */
export interface Report {
  verb: string;
  label: string;
  before: string;
  head: string;
  kept: string[];
  patched: string[];
  loaded: string[];
  recomputed: string[];
  removed: string[];
  settings: string[];
  unchecked: { [key: string]: string };
  missing: { [key: string]: string };
  notes: string[];
  cells: Target | null;
  ms: number;
}

/** How far a request is. */
export interface Progress {
  request: string;
  what: string;
  done: number;
  total: number;
}

/** Say what the last commit cost. */
export interface Cost {
  commit: string;
  ms: number;
  nbytes: number;
}

/** Describe a session: where it is in its history, and whether it records. */
export interface Status {
  history: string;
  notebook: string;
  session: string;
  head: string;
  code: string;
  branch: string;
  commits: number;
  variables: number;
  recording: boolean;
  why: string;
  undo: string;
  redo: boolean;
  last: Cost | null;
  nbytes: number;
  damaged: string[];
  ignored: string[];
  warning: string;
}

/** The answer to a request that succeeded. */
export interface Reply {
  verb: string;
  result: any;
  session: Status | null;
  status: 'ok';
}

/** The answer to a request that failed; nothing was changed. */
export interface ErrorReply {
  kind: ErrorKind;
  message: string;
  remedy: string;
  session: Status | null;
  ename: string;
  evalue: string;
  traceback: string[];
  status: 'error';
}

/** Told on iopub when something has happened, whoever asked for it. */
export interface Event {
  operations: string[];
  client: string;
  session: Status | null;
  wanted: string;
  wanted_of: string;
  progress: Progress | null;
}

export type ShellRequest =
  | Hello
  | Init
  | Undo
  | Redo
  | Commit
  | Checkout
  | Restore
  | Log
  | StatusOf
  | Pause
  | Unpause
  | Trust
  | Detach;

export type ControlRequest =
  | StatusOf
  | CellsRun
  | ProgressOf
  | Cancel;

/** The verbs of the shell channel whose requests tell the notebook's cells. */
export const VERBS_WITH_CELLS = [
  'init',
  'undo',
  'redo',
  'commit',
  'checkout',
  'restore',
] as const;
