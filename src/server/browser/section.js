/** One group of the queue: its pages of tasks, each with the ETag under which it is asked for again. */

import { request } from './api.js';
import { fromTemplate, within } from './elements.js';
import { fillRow } from './task-row.js';

/** @typedef {import('./task-row.js').Task} Task */
/** @typedef {{ etag: string, items: Task[], next_cursor: string | null }} Page */
/** @typedef {{ name: string, query: Record<string, string>, order?: (a: Task, b: Task) => number }} SectionKind */

export class Section {
  /** @type {Page[]} */
  pages = [];
  /** How many pages are shown. */
  wanted = 1;
  project = '';
  /** @type {Map<string, HTMLElement>} */
  rows = new Map();

  /** @param {SectionKind} kind */
  constructor(kind) {
    this.kind = kind;
    this.element = fromTemplate('section-template');
    this.list = within(this.element, 'ol', HTMLElement);
    this.more = within(this.element, '.more', HTMLButtonElement);
    this.more.addEventListener('click', () => void this.loadMore());
    within(this.element, '.group-name', HTMLElement).textContent = kind.name;
    this.render();
  }

  get size() {
    return this.rows.size;
  }

  /**
   * Forgets what was loaded, for another project or another person.
   * @param {string} project
   */
  reset(project) {
    this.project = project;
    this.pages = [];
    this.wanted = 1;
    this.render();
  }

  /**
   * Asks again for every page that is shown; an unchanged page costs a 304.
   * @param {AbortSignal} [signal]
   * @returns {Promise<boolean>} whether anything changed
   */
  async refresh(signal) {
    /** @type {Page[]} */
    const pages = [];
    let changed = false;
    for (let number = 0; number < this.wanted; number += 1) {
      const cursor = pages[number - 1]?.next_cursor;
      if (number > 0 && !cursor) break;
      // A page's ETag is only worth something for the same cursor.
      const known = number === 0 || this.pages[number - 1]?.next_cursor === cursor ? this.pages[number] : undefined;
      const query = new URLSearchParams(this.kind.query);
      if (this.project) query.set('project', this.project);
      if (cursor) query.set('cursor', cursor);
      const answer = await request('GET', `tasks?${query}`, { etag: known?.etag ?? '', ...(signal ? { signal } : {}) });
      if (!answer.changed && known) pages.push(known);
      else {
        pages.push({ ...answer.body, etag: answer.etag });
        changed = true;
      }
    }
    if (signal?.aborted) return false;
    changed ||= pages.length !== this.pages.length;
    this.pages = pages;
    if (changed) this.render();
    return changed;
  }

  async loadMore() {
    const before = this.size;
    this.more.disabled = true;
    this.wanted += 1;
    await this.refresh().catch(() => {
      this.wanted -= 1;
    });
    this.more.disabled = false;
    if (this.more.hidden || this.size > before) this.focusRow(before);
  }

  /**
   * Keyboard users go on where the new rows begin, also when the button is gone.
   * @param {number} index
   */
  focusRow(index) {
    const row = this.list.children[index];
    if (!(row instanceof HTMLElement)) return;
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
  }

  /** Rows are kept by id and filled again only when their task changed, so that a selection or the focus survives a poll. */
  render() {
    const tasks = new Map(this.pages.flatMap((page) => page.items).map((task) => [task.id, task]));
    const inOrder = this.kind.order === undefined ? [...tasks.values()] : [...tasks.values()].sort(this.kind.order);
    for (const [id, row] of this.rows)
      if (!tasks.has(id)) {
        row.remove();
        this.rows.delete(id);
      }
    let position = 0;
    for (const task of inOrder) {
      const row = this.rows.get(task.id) ?? fromTemplate('task-template');
      this.rows.set(task.id, row);
      fillRow(row, task);
      if (this.list.children[position] !== row) this.list.insertBefore(row, this.list.children[position] ?? null);
      position += 1;
    }
    const unfinished = this.pages.at(-1)?.next_cursor ? '+' : '';
    within(this.element, '.count', HTMLElement).textContent = `${tasks.size}${unfinished}`;
    this.element.hidden = tasks.size === 0;
    this.more.hidden = unfinished === '';
  }
}
