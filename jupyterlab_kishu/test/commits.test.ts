import { describe, expect, it } from 'vitest';

import { chosen } from '../src/commits';
import type { Entry } from '../src/messages';

const entry = (fields: Partial<Entry>): Entry => ({
  id: 'abcdef',
  parent: '',
  kind: 'run',
  time: 0,
  label: '',
  message: '',
  cell: null,
  changed: [],
  deleted: [],
  cost: 0,
  nbytes: 0,
  branches: [],
  tags: [],
  current: false,
  forgotten: false,
  unverified: [],
  late: [],
  settings: [],
  ...fields
});

const named = entry({ id: '1111', kind: 'named', label: 'Features ready', changed: ['df'] });
const tagged = entry({ id: '2222', label: 'df = read()', tags: ['paper'] });
const run = entry({
  id: '3333',
  label: 'model.fit(df)',
  cell: { source: 'model.fit(df)\nscore = 1', number: 7 },
  changed: ['model'],
  deleted: ['tmp']
});
const all = [named, tagged, run];
const ids = (query: string, automatic = true) => chosen(all, query, automatic).map(each => each.id);

describe('chosen', () => {
  it('leaves out the commits that made themselves, unless they are wanted', () => {
    expect(ids('', false)).toEqual(['1111', '2222']);
    expect(ids('')).toEqual(['1111', '2222', '3333']);
  });

  it('finds words in messages, tags, code, variables and ids', () => {
    expect(ids('features')).toEqual(['1111']);
    expect(ids('paper')).toEqual(['2222']);
    expect(ids('score')).toEqual(['3333']);
    expect(ids('tmp')).toEqual(['3333']);
    expect(ids('[7]')).toEqual(['3333']);
    expect(ids('222')).toEqual(['2222']);
  });

  it('wants all words, in any order and case', () => {
    expect(ids('DF ready')).toEqual(['1111']);
    expect(ids('fit  model')).toEqual(['3333']);
    expect(ids('fit nothing')).toEqual([]);
  });
});
