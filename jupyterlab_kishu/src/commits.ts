/** Which commits a list shows. */

import type { Entry } from './messages';

/** Whether a commit was named by its user, and not made of itself. */
export function isNamed(entry: Entry): boolean {
  return entry.kind === 'named' || entry.tags.length > 0;
}

/**
 * The commits to show.
 *
 * @param query - words that all must be found in what is shown of a commit, in any case.
 * @param automatic - whether to show also those that made themselves.
 */
export function chosen(entries: Entry[], query: string, automatic: boolean): Entry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter(entry => {
    if (!automatic && !isNamed(entry)) {
      return false;
    }
    const text = textOf(entry);
    return words.every(word => text.includes(word));
  });
}

function textOf(entry: Entry): string {
  return [
    entry.id,
    entry.label,
    entry.cell?.number ? `[${entry.cell.number}]` : '',
    entry.cell?.source ?? '',
    ...entry.branches,
    ...entry.tags,
    ...entry.changed,
    ...entry.deleted
  ]
    .join('\n')
    .toLowerCase();
}
