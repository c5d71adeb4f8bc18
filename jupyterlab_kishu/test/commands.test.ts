import type { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';

import { CommandID, CommandIDs, COMMANDS, Commands, IScreen } from '../src/commands';
import { KishuError } from '../src/errors';
import type { IAttachment, IKishu } from '../src/tokens';
import schema from '../schema/plugin.json';
import { report, status } from './kernel';
import { english } from './notebook';

const ids = COMMANDS.map(command => command.id);

describe('the table', () => {
  it('has each command once', () => {
    expect([...ids].sort()).toEqual(Object.values(CommandIDs).sort());
  });

  it('is the menu, in this order', () => {
    const [menu] = schema['jupyter.lab.menus'].main;
    const items = menu.items.filter(item => item.command !== undefined);
    expect(items.map(item => item.command)).toEqual(ids);
    const ranks = menu.items.map(item => item.rank);
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  });

  it('has the chords that are bound', () => {
    const bound = schema['jupyter.lab.shortcuts'].map(({ command, keys }) => ({ command, keys }));
    const wanted = COMMANDS.flatMap(({ id, keys }) => (keys ? [{ command: id, keys }] : []));
    expect(bound).toEqual(wanted);
    for (const { selector } of schema['jupyter.lab.shortcuts']) {
      expect(selector).toBe('.jp-NotebookPanel');
    }
  });

  it('says of each what it does', () => {
    for (const command of COMMANDS) {
      expect(command.label(english, null)).toMatch(/^[A-Z]/);
      expect(command.caption(english)).toMatch(/^[A-Z].*[^.]$/);
    }
  });
});

/** The application's commands; Lumino's own registry cannot be loaded without a page. */
class Registry {
  readonly options = new Map<string, CommandRegistry.ICommandOptions>();
  notified = 0;

  addCommand(id: string, options: CommandRegistry.ICommandOptions): any {
    this.options.set(id, options);
  }

  notifyCommandChanged(): void {
    this.notified++;
  }

  /** Return what an option of a command is now. */
  now(id: string, option: 'label' | 'caption' | 'isEnabled' | 'execute'): any {
    const given: any = this.options.get(id)![option];
    return typeof given === 'function' ? given({}) : given;
  }
}

/** Register the commands over one notebook; keep what they show. */
function registered(fields: Partial<IAttachment> | null) {
  const shown: string[] = [];
  const note =
    (name: string) =>
    (...values: unknown[]) =>
      shown.push([name, ...values.filter(value => typeof value === 'string')].join(' '));
  let back: () => void = () => undefined;
  let trust: (() => void) | undefined;
  const screen = {
    watched: (label: string, _: IAttachment, work: () => Promise<any>) => {
      note('watched')(label);
      return work();
    },
    askForMessage: async () => 'a message',
    askForCommit: async (entries: any[]) => entries[0] ?? null,
    initialized: note('initialized'),
    travelled: note('travelled'),
    committed: note('committed'),
    checkedOut: (_: unknown, undo: () => void) => {
      note('checkedOut')();
      back = undo;
    },
    paused: note('paused'),
    trusted: note('trusted'),
    detached: note('detached'),
    failed: (label: string, error: Error, offered?: () => void) => {
      note('failed')(label, error.message);
      trust = offered;
    }
  } as unknown as IScreen;
  const changed = new Signal<any, any>({});
  const current = fields && ({ phase: 'attached', session: status(), ...fields } as IAttachment);
  const kishu = { current, changed } as unknown as IKishu;
  const registry = new Registry();
  const palette: string[] = [];
  const commands = new Commands(kishu, screen, english);
  commands.register(registry, { addItem: (item: any) => palette.push(item.command) } as any);
  const run = (id: CommandID) => registry.now(id, 'execute');
  return { registry, palette, shown, run, changed, back: () => back(), trust: () => trust?.() };
}

describe('registering', () => {
  it('adds all to the application and to the palette', () => {
    const { registry, palette } = registered({});
    expect([...registry.options.keys()]).toEqual(ids);
    expect(palette).toEqual(ids);
    expect(registry.now(CommandIDs.detach, 'caption')).toBe('Stop recording; the history stays');
  });

  it('enables them where there is a Python kernel', async () => {
    const enabled = (fields: Partial<IAttachment> | null) => {
      const { registry } = registered(fields);
      return ids.filter(id => registry.now(id, 'isEnabled'));
    };
    expect(enabled({})).toEqual(ids);
    expect(enabled({ phase: 'detached' })).toEqual(ids);
    expect(enabled({ phase: 'foreign' })).toEqual([]);
    expect(enabled(null)).toEqual([]);
    const { run, shown } = registered(null);
    await run(CommandIDs.undo);
    expect(shown).toEqual([]);
  });

  it('tells the application when an attachment has changed', () => {
    const { registry, changed } = registered({});
    changed.emit(null);
    expect(registry.notified).toBe(1);
  });
});

describe('running', () => {
  it('shows what came of it, under its name without the dots', async () => {
    const { run, shown } = registered({
      undo: async () => report(),
      commit: async message => ({ label: message }) as any
    });
    await run(CommandIDs.undo);
    await run(CommandIDs.commit);
    expect(shown).toEqual(['watched Undo Execution', 'travelled', 'watched Commit', 'committed']);
  });

  it('shows what failed, and can trust the history then', async () => {
    let trusted = 0;
    const { run, shown, trust } = registered({
      restore: () => Promise.reject(new KishuError('untrusted', 'It came from elsewhere.', '')),
      trust: async () => {
        trusted++;
      }
    });
    await run(CommandIDs.restore);
    expect(shown.at(-1)).toBe('failed Restore the Last State It came from elsewhere.');
    trust();
    expect(trusted).toBe(1);
  });

  it('pauses, and resumes what is paused', async () => {
    const asked: string[] = [];
    const methods = {
      pause: async () => void asked.push('pause'),
      unpause: async () => void asked.push('unpause')
    };
    const recording = registered(methods);
    expect(recording.registry.now(CommandIDs.pause, 'label')).toBe('Pause Recording');
    await recording.run(CommandIDs.pause);
    const session = status({ recording: false, why: 'paused' });
    const paused = registered({ ...methods, session });
    expect(paused.registry.now(CommandIDs.pause, 'label')).toBe('Resume Recording');
    await paused.run(CommandIDs.pause);
    expect(asked).toEqual(['pause', 'unpause']);
  });

  it('checks out what was chosen, and takes that back', async () => {
    const asked: unknown[] = [];
    const done = { report: report(), cellsBefore: 'c1' };
    const { run, shown, back } = registered({
      log: async () => [{ id: 'c0' }] as any,
      checkout: async ref => {
        asked.push(ref);
        return done;
      },
      goBack: async given => {
        asked.push(given);
        return done;
      }
    });
    await run(CommandIDs.checkout);
    back();
    expect(asked).toEqual(['c0', done]);
    expect(shown.slice(0, 3)).toEqual(['watched Checkout', 'watched Checkout', 'checkedOut']);
  });

  it('does nothing where no commit was chosen', async () => {
    const { run, shown } = registered({ log: async () => [] });
    await run(CommandIDs.checkout);
    expect(shown).toEqual(['watched Checkout']);
  });
});
