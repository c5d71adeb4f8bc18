import { describe, expect, it } from 'vitest';

import { difference, IHere, IWanted, longestRise } from '../src/difference';

const here = (ids: string): IHere[] => [...ids].map(id => ({ id, type: 'code' }));
const wanted = (ids: string): IWanted[] => [...ids].map(id => ({ id, type: null }));
const staying = (from: string, to: string): string =>
  difference(here(from), wanted(to))
    .filter(place => place.stays)
    .map(place => place.id)
    .join('');

/** What a list becomes when what does not stay is deleted, and inserted where it is wanted. */
function applied(from: string, places: { id: string; stays: boolean }[]): string {
  const stay = new Set(places.filter(place => place.stays).map(place => place.id));
  const list = [...from].filter(id => stay.has(id));
  places.forEach(({ id, stays }, index) => {
    if (!stays) {
      list.splice(index, 0, id);
    }
  });
  return list.join('');
}

describe('difference', () => {
  it('leaves all cells alone where nothing differs', () => {
    expect(staying('abc', 'abc')).toBe('abc');
  });

  it('moves as few cells as can be', () => {
    expect(staying('abcdef', 'bcdefa')).toBe('bcdef');
    expect(staying('abcdef', 'fabcde')).toBe('abcde');
    expect(staying('abc', 'cba')).toHaveLength(1);
  });

  it('inserts what is not here', () => {
    expect(staying('ac', 'abc')).toBe('ac');
    expect(staying('', 'abc')).toBe('');
    expect(staying('abc', '')).toBe('');
  });

  it('does not turn a cell into one of another type', () => {
    const markdown = [{ id: 'a', type: 'markdown' }];
    expect(difference(here('a'), markdown)).toEqual([{ id: 'a', stays: false }]);
    expect(difference(markdown, [{ id: 'a', type: 'markdown' }])[0].stays).toBe(true);
  });

  it('inserts anew what cannot be changed in place', () => {
    const places = difference(here('ab'), [
      { id: 'a', type: 'code', anew: true },
      { id: 'b', type: null }
    ]);
    expect(places.map(place => place.stays)).toEqual([false, true]);
  });

  it('gives the list wanted, whatever the two are', () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    const some = () => {
      const letters = [...'abcdefghij'];
      return Array.from({ length: random(11) }, () => letters.splice(random(letters.length), 1)[0])
        .filter(Boolean)
        .join('');
    };
    for (let round = 0; round < 2000; round++) {
      const [from, to] = [some(), some()];
      expect(applied(from, difference(here(from), wanted(to)))).toBe(to);
    }
  });
});

describe('longestRise', () => {
  it('finds one', () => {
    expect(longestRise([])).toEqual([]);
    expect(longestRise([3, 1, 2, 5, 4])).toHaveLength(3);
    expect(longestRise([5, 4, 3])).toHaveLength(1);
    expect(longestRise([1, 2, 3])).toEqual([0, 1, 2]);
  });
});
