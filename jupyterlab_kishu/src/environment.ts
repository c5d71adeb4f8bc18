/** What a notebook's attachment needs of the page that it is in. */

import type { KernelMessage } from '@jupyterlab/services';

import type { IWords } from './words';

/** What the user has set. */
export interface IPreferences {
  /** Attach again to a notebook that was initialized once. */
  reattach: boolean;
  /** Attach to every Python notebook. */
  always: boolean;
}

/** What the page gives to each attachment. */
export interface IEnvironment {
  /** Read the user's settings as they are now. */
  preferences(): IPreferences;
  /** Resolves when the user's settings are known. */
  readonly settled: Promise<unknown>;
  /** The root directory of the page's server; empty where it is not told. */
  readonly serverRoot: string;
  /** Translates what is shown. */
  readonly words: IWords;
  /** Make a kernel message: `KernelMessage.createMessage`. */
  readonly createMessage: typeof KernelMessage.createMessage;
}
