/** Chords of keys, of which the editor would keep the second. */

import { CommandRegistry } from '@lumino/commands';

/** How long the application waits for a chord's second key, in milliseconds. */
const CHORD_TIMEOUT = 1000;

/**
 * Let the second keys of our chords reach the application before the editor takes them.
 *
 * JupyterLab hears keys after the editor; CodeMirror has a meaning of its own for some (Accel+I
 * selects, Accel+Z and Accel+Y undo and redo text), and would keep them to itself.
 *
 * @param node - below which keys are pressed.
 * @param prefix - of the commands whose chords are meant, whatever keys the user gave them.
 */
export function hearChords(node: HTMLElement, commands: CommandRegistry, prefix: string): void {
  let begun = '';
  let since = 0;
  const bindings = () => commands.keyBindings.filter(({ command }) => command.startsWith(prefix));
  node.addEventListener(
    'keydown',
    event => {
      if (CommandRegistry.isModifierKeyPressed(event)) {
        return;
      }
      const key = CommandRegistry.keystrokeForKeydownEvent(event);
      const first = begun;
      const inTime = event.timeStamp - since < CHORD_TIMEOUT;
      begun = '';
      if (first && inTime && bindings().some(({ keys }) => keys[0] === first && keys[1] === key)) {
        commands.processKeydownEvent(event);
      } else if (bindings().some(({ keys }) => keys.length === 2 && keys[0] === key)) {
        begun = key;
        since = event.timeStamp;
      }
    },
    true
  );
}
