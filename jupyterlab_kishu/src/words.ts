/** The words for a restore, a commit, a size and a time. */

import type { Entry, Report, Status } from './messages';

/** The part of JupyterLab's translation that is used here. */
export interface IWords {
  __(text: string, ...values: any[]): string;
  _n(one: string, many: string, n: number, ...values: any[]): string;
}

const MOST = 6;

/** List names for a reader: the first few, and how many more. */
export function named(names: string[], words: IWords): string {
  const shown = names.slice(0, MOST).join(', ');
  const more = names.length - MOST;
  return more > 0 ? words.__('%1 and %2 more', shown, more) : shown;
}

/** Say what a restore did to the variables, in sentences. */
export function told(report: Report, words: IWords): string[] {
  const back = [...report.patched, ...report.loaded].sort();
  const sentences = [];
  if (back.length) {
    sentences.push(words.__('Brought back: %1.', named(back, words)));
  }
  if (report.recomputed.length) {
    sentences.push(words.__('Computed again: %1.', named(report.recomputed, words)));
  }
  if (report.removed.length) {
    sentences.push(words.__('Removed: %1.', named(report.removed, words)));
  }
  if (!sentences.length && !Object.keys(report.missing).length) {
    sentences.push(words.__('No variable differs.'));
  }
  const missing = Object.entries(report.missing);
  return [
    ...sentences,
    ...missing.map(([name, why]) => words.__('%1 did not come back: %2', name, why))
  ];
}

/** Say what came back, but could not be checked any further than that, and why. */
export function unchecked(report: Report, words: IWords): string[] {
  return Object.entries(report.unchecked).map(([name, why]) =>
    words.__('%1 could not be checked: %2', name, why)
  );
}

/** Say what a commit changed: `df, model · without tmp`. */
export function changes(entry: Entry, words: IWords): string {
  const changed = entry.changed.length ? named(entry.changed, words) : '';
  const gone = entry.deleted.length ? words.__('without %1', named(entry.deleted, words)) : '';
  return [changed, gone].filter(Boolean).join(' · ');
}

/** Write a number of bytes for a reader. */
export function size(nbytes: number): string {
  for (const unit of ['B', 'kB', 'MB']) {
    if (nbytes < 1000) {
      return `${unit === 'B' ? nbytes : nbytes.toFixed(1)} ${unit}`;
    }
    nbytes /= 1000;
  }
  return `${nbytes.toFixed(2)} GB`;
}

/** Write milliseconds for a reader. */
export function duration(ms: number): string {
  if (ms < 1) {
    return '<1 ms';
  }
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Write when something was, seen from now: a time of today, else a date and a time. */
export function when(seconds: number, now: Date, locale?: string): string {
  const then = new Date(seconds * 1000);
  const time = then.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' });
  if (then.toDateString() === now.toDateString()) {
    return time;
  }
  const day = then.toLocaleDateString(locale, {
    day: 'numeric',
    month: 'short',
    ...(then.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' })
  });
  return `${day}, ${time}`;
}

/** Say what the last commit cost. */
export function cost(session: Status, words: IWords): string {
  return session.last
    ? words.__('Last commit: %1, %2 stored.', duration(session.last.ms), size(session.last.nbytes))
    : words.__('Nothing was committed yet.');
}
