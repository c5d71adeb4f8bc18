/** Which commits a list shows. */

import type { Entry } from './messages';

/** Return whether a commit was named by its user, and not made by a cell's run alone. */
export function isNamed(entry: Entry): boolean {
  return entry.kind === 'named' || entry.tags.length > 0;
}

/**
 * Return the commits to show.
 *
 * @param query - words that all must be found in what is shown of a commit, in any case.
 * @param automatic - whether to show also those that nobody named.
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
