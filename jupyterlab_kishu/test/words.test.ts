import { describe, expect, it } from 'vitest';

import type { Entry } from '../src/messages';
import { changes, duration, IWords, named, size, told, when } from '../src/words';
import { report } from './kernel';

const english: IWords = {
  __: (text, ...values) => text.replace(/%(\d)/g, (_, n) => String(values[Number(n) - 1])),
  _n: (one, many, n, ...values) => english.__(n === 1 ? one : many, ...values)
};

describe('told', () => {
  it('names what came back, however it came', () => {
    expect(told(report({ patched: ['b'], loaded: ['a'], kept: ['z'] }), english)).toEqual([
      'Brought back: a, b.'
    ]);
  });

  it('says what was computed, removed, and could not come back', () => {
    const sentences = told(
      report({ recomputed: ['g'], removed: ['x'], missing: { s: 'it is a socket' } }),
      english
    );
    expect(sentences).toEqual([
      'Computed again: g.',
      'Removed: x.',
      's did not come back: it is a socket'
    ]);
  });

  it('says so where nothing differs', () => {
    expect(told(report({ kept: ['a'] }), english)).toEqual(['No variable differs.']);
  });
});

describe('named', () => {
  it('counts what would be too many', () => {
    expect(named(['a', 'b'], english)).toBe('a, b');
    expect(named([...'abcdefgh'], english)).toBe('a, b, c, d, e, f and 2 more');
  });
});

describe('changes', () => {
  it('says what a commit set and took away', () => {
    const entry = { changed: ['a', 'b'], deleted: ['c'] } as Entry;
    expect(changes(entry, english)).toBe('a, b · without c');
    expect(changes({ changed: [], deleted: [] } as unknown as Entry, english)).toBe('');
  });
});

describe('numbers', () => {
  it('are written for readers', () => {
    expect(['0 B', '999 B', '1.0 kB', '34.0 MB', '2.50 GB']).toEqual(
      [0, 999, 1000, 34e6, 2.5e9].map(size)
    );
    expect(['<1 ms', '3 ms', '1.5 s']).toEqual([0.4, 3.2, 1500].map(duration));
  });
});

describe('when', () => {
  it('is a time today, and a date before', () => {
    const now = new Date(2026, 10, 23, 12, 0);
    const at = (...date: [number, number, number, number, number]) =>
      new Date(...date).getTime() / 1000;
    expect(when(at(2026, 10, 23, 9, 5), now, 'en-GB')).toBe('09:05');
    expect(when(at(2026, 9, 3, 9, 5), now, 'en-GB')).toBe('3 Oct, 09:05');
    expect(when(at(2025, 9, 3, 9, 5), now, 'en-GB')).toBe('3 Oct 2025, 09:05');
  });
});
