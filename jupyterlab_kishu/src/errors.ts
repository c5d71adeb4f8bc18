/** What a request can fail with. */

import type { ErrorKind } from './messages';

/**
 * The kinds of errors that only a front end has.
 *
 * - `another-notebook`: the kernel's session is that of another notebook.
 * - `kernel-lost`: the kernel ended or restarted before it answered.
 * - `no-kernel`: the notebook has no Python kernel.
 * - `no-kishu`: Kishu cannot be imported where the kernel runs.
 * - `silent`: the kernel has done with the request and did not answer, or takes too long.
 */
export type OwnKind = 'another-notebook' | 'kernel-lost' | 'no-kernel' | 'no-kishu' | 'silent';

/** What a request failed with: what happened, of which kind it is, and what can be done. */
export class KishuError extends Error {
  constructor(
    readonly kind: ErrorKind | OwnKind,
    message: string,
    readonly remedy: string
  ) {
    super(message);
  }
}

/** Return whether something that was thrown is an error of Kishu of this kind. */
export function isOfKind(error: unknown, kind: ErrorKind | OwnKind): error is KishuError {
  return error instanceof KishuError && error.kind === kind;
}
