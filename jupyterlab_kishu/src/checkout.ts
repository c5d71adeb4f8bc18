/** The dialog in which a commit to check out is chosen. */

import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { chosen, isNamed } from './commits';
import type { Entry, Status } from './messages';
import { changes, when } from './words';

/** How many commits are drawn at once; typing finds the others. */
const DRAWN = 200;

/** Ask which commit to check out; null if none. */
export async function askForCommit(
  entries: Entry[],
  session: Status,
  trans: TranslationBundle
): Promise<Entry | null> {
  const body = new CommitList(entries, session, trans);
  const dialog = new Dialog<Entry | null>({
    title: trans.__('Check out a commit'),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Checkout') })
    ],
    focusNodeSelector: '.jp-Kishu-filter'
  });
  dialog.addClass('jp-Kishu-checkout');
  body.accepted = () => dialog.resolve(1);
  const { button, value } = await dialog.launch();
  return button.accept ? value : null;
}

/** A list of commits to choose from, filtered by typing, moved in by the arrow keys. */
class CommitList extends Widget implements Dialog.IBodyWidget<Entry | null> {
  constructor(
    private readonly entries: Entry[],
    private readonly session: Status,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-Kishu-commits');
    const some = entries.some(isNamed);

    const bar = this.node.appendChild(document.createElement('div'));
    bar.className = 'jp-Kishu-commitsBar';
    this.filter = bar.appendChild(document.createElement('input'));
    this.filter.type = 'search';
    this.filter.className = 'jp-mod-styled jp-Kishu-filter';
    this.filter.placeholder = trans.__('Filter by message, code or variable');
    this.filter.setAttribute('aria-label', this.filter.placeholder);
    this.filter.setAttribute('role', 'combobox');
    this.filter.setAttribute('aria-expanded', 'true');
    this.filter.setAttribute('aria-controls', 'jp-Kishu-list');
    this.filter.autocomplete = 'off';
    this.filter.spellcheck = false;

    const label = bar.appendChild(document.createElement('label'));
    label.className = 'jp-Kishu-automatic';
    this.automatic = label.appendChild(document.createElement('input'));
    this.automatic.type = 'checkbox';
    this.automatic.checked = !some;
    label.append(trans.__('Every cell run'));

    this.list = this.node.appendChild(document.createElement('ul'));
    this.list.id = 'jp-Kishu-list';
    this.list.className = 'jp-Kishu-list';
    this.list.setAttribute('role', 'listbox');
    this.list.setAttribute('aria-label', trans.__('Commits, newest first'));

    this.none = this.node.appendChild(document.createElement('p'));
    this.none.className = 'jp-Kishu-none';
    this.none.setAttribute('role', 'status');

    this.filter.addEventListener('input', () => this.draw());
    this.automatic.addEventListener('change', () => this.draw());
    this.node.addEventListener('keydown', event => this.onKey(event));
    this.list.addEventListener('click', event => this.onClick(event));
    this.list.addEventListener('dblclick', () => this.accepted());
    this.draw();
  }

  /** Called when a commit was chosen for good. */
  accepted: () => void = () => undefined;

  getValue(): Entry | null {
    return this.shown[this.at] ?? null;
  }

  private draw(): void {
    const found = chosen(this.entries, this.filter.value, this.automatic.checked);
    this.shown = found.slice(0, DRAWN);
    this.list.replaceChildren(...this.shown.map((entry, index) => this.row(entry, index)));
    this.none.textContent = this.note(found.length);
    this.none.hidden = !this.none.textContent;
    this.list.hidden = !this.shown.length;
    // Where one is already is hardly where one wants to go.
    const elsewhere = this.shown.findIndex(entry => entry.id !== this.session.head);
    this.select(elsewhere < 0 ? this.shown.length - 1 : elsewhere);
  }

  private note(found: number): string {
    if (!found) {
      return this.automatic.checked || this.filter.value
        ? this.trans.__('No commit is like that.')
        : this.trans.__(
            'No commit was named yet: "Every cell run" shows those that made themselves.'
          );
    }
    const more = found - this.shown.length;
    return more > 0 ? this.trans.__('%1 more: type to find them.', more) : '';
  }

  private row(entry: Entry, index: number): HTMLElement {
    const row = element('li', 'jp-Kishu-commit');
    row.id = `jp-Kishu-commit-${index}`;
    row.setAttribute('role', 'option');
    row.dataset.commit = entry.id;
    row.dataset.index = String(index);

    const first = row.appendChild(element('div', 'jp-Kishu-commitFirst'));
    const title = first.appendChild(element('span', 'jp-Kishu-commitLabel', entry.label));
    title.classList.toggle('jp-mod-code', !entry.message && entry.cell !== null);
    for (const name of [...entry.branches, ...entry.tags]) {
      first.appendChild(element('span', 'jp-Kishu-ref', name));
    }
    if (entry.id === this.session.head) {
      first.appendChild(element('span', 'jp-Kishu-here', this.trans.__('you are here')));
    }
    const time = first.appendChild(element('time', 'jp-Kishu-commitTime'));
    time.textContent = when(entry.time, new Date());

    const second = row.appendChild(element('div', 'jp-Kishu-commitSecond'));
    if (entry.cell?.number) {
      second.appendChild(element('span', 'jp-Kishu-number', `[${entry.cell.number}]`));
    }
    if (entry.cell?.outcome && entry.cell.outcome !== 'ok') {
      second.appendChild(element('span', 'jp-Kishu-outcome', entry.cell.outcome));
    }
    const nothing = entry.cell ? this.trans.__('no variable changed') : '';
    const changed = changes(entry, this.trans) || nothing;
    second.appendChild(element('span', 'jp-Kishu-changed', changed));
    second.appendChild(element('code', 'jp-Kishu-id', entry.id.slice(0, 8)));
    if (entry.forgotten) {
      row.setAttribute('aria-disabled', 'true');
      second.appendChild(element('span', 'jp-Kishu-outcome', this.trans.__('data let go')));
    }
    return row;
  }

  private select(index: number): void {
    this.list.children[this.at]?.setAttribute('aria-selected', 'false');
    this.at = index;
    const row = this.list.children[index];
    row?.setAttribute('aria-selected', 'true');
    row?.scrollIntoView({ block: 'nearest' });
    this.filter.setAttribute('aria-activedescendant', row?.id ?? '');
  }

  private onKey(event: KeyboardEvent): void {
    const last = this.shown.length - 1;
    const to: Record<string, number> = {
      ArrowDown: Math.min(this.at + 1, last),
      ArrowUp: Math.max(this.at - 1, 0),
      PageDown: Math.min(this.at + 5, last),
      PageUp: Math.max(this.at - 5, 0)
    };
    if (event.key in to && last >= 0) {
      event.preventDefault();
      event.stopPropagation();
      this.select(to[event.key]);
    }
  }

  private onClick(event: MouseEvent): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
    if (row) {
      this.select(Number(row.dataset.index));
      this.filter.focus();
    }
  }

  private readonly filter: HTMLInputElement;
  private readonly automatic: HTMLInputElement;
  private readonly list: HTMLElement;
  private readonly none: HTMLElement;
  private shown: Entry[] = [];
  private at = -1;
}

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text = ''
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
