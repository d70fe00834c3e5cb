/** One task as a row: what it is, what it waits for, and who holds it until when. */

import { serverNow } from './api.js';
import { span, within } from './elements.js';

/** @typedef {{ kind: 'person' | 'agent', name: string, on_behalf_of?: { name: string } }} Actor */
/** @typedef {{ holder: Actor, expires_at: string }} Claim */
/**
 * @typedef {{
 *   id: string, title: string, status: string, priority: string, attempts: number, created_at: string,
 *   labels: string[], blocked_by: string[], assignee: Actor | null, claim: Claim | null
 * }} Task
 */

const priorities = ['urgent', 'high', 'normal', 'low'];

/**
 * The order in which the server hands tasks out: highest priority, then oldest.
 * @param {Task} a
 * @param {Task} b
 */
export function claimOrder(a, b) {
  return priorities.indexOf(a.priority) - priorities.indexOf(b.priority) || byAge(a, b);
}

/**
 * Tasks of one batch are made at the same moment; their numbers tell their order.
 * @param {Task} a
 * @param {Task} b
 */
const byAge = (a, b) => a.created_at.localeCompare(b.created_at) || a.id.localeCompare(b.id, 'en', { numeric: true });

/** Under a minute a lease is about to run out, which is worth a warning colour. */
const soonSeconds = 60;
/** More labels than this would push the row to a second line on a laptop. */
const shownLabels = 3;

/**
 * @param {HTMLElement} row
 * @param {Task} task
 */
export function fillRow(row, task) {
  const text = JSON.stringify(task);
  if (row.dataset['task'] === text) return;
  row.dataset['task'] = text;
  row.dataset['status'] = task.status;
  row.dataset['blocked'] = String(task.blocked_by.length > 0);
  within(row, '.task-id', HTMLElement).textContent = task.id;
  within(row, '.task-title', HTMLElement).textContent = task.title;
  within(row, '.chips', HTMLElement).replaceChildren(...chipsOf(task));
  fillHolder(row, task);
}

/** @param {Task} task */
function chipsOf(task) {
  const chips = [];
  if (task.priority !== 'normal') chips.push(span(`chip priority-${task.priority}`, capital(task.priority)));
  if (task.blocked_by.length > 0) chips.push(span('chip blocked', `Waits for ${task.blocked_by.join(', ')}`));
  if (task.attempts > 0 && task.status !== 'completed') chips.push(span('chip attempts', attemptsText(task.attempts)));
  for (const label of task.labels.slice(0, shownLabels)) chips.push(span('chip label', label));
  if (task.labels.length > shownLabels) chips.push(span('chip label', `+${task.labels.length - shownLabels}`));
  return chips;
}

/**
 * @param {HTMLElement} row
 * @param {Task} task
 */
function fillHolder(row, { claim, assignee }) {
  const holder = within(row, '.holder', HTMLElement);
  const countdown = within(row, '.countdown', HTMLElement);
  holder.textContent = claim?.holder.name ?? (assignee === null ? '' : `For ${assignee.name}`);
  holder.title = claim?.holder.on_behalf_of ? `On behalf of ${claim.holder.on_behalf_of.name}` : '';
  row.dataset['held'] = String(claim !== null);
  if (claim === null) {
    delete countdown.dataset['until'];
    countdown.textContent = '';
    countdown.title = '';
    return;
  }
  countdown.dataset['until'] = claim.expires_at;
  countdown.title = `The lease ends at ${new Date(claim.expires_at).toLocaleTimeString()}, unless it is renewed.`;
  tick(countdown);
}

/**
 * Brings every countdown below `root` up to date.
 * @param {ParentNode} root
 */
export function tickCountdowns(root) {
  for (const countdown of root.querySelectorAll('[data-until]')) if (countdown instanceof HTMLElement) tick(countdown);
}

/** @param {HTMLElement} countdown */
function tick(countdown) {
  const milliseconds = Date.parse(countdown.dataset['until'] ?? '') - serverNow();
  const seconds = Math.floor(milliseconds / 1_000);
  countdown.textContent = milliseconds > 0 ? remainingText(seconds) : 'lease over';
  countdown.dataset['soon'] = String(seconds < soonSeconds);
}

/** @param {number} seconds */
function remainingText(seconds) {
  const two = (/** @type {number} */ number) => String(number).padStart(2, '0');
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)} left` : `${minutes}:${two(seconds % 60)} left`;
}

/** @param {number} attempts */
const attemptsText = (attempts) => `Lease ran out ${attempts === 1 ? 'once' : `${attempts} times`}`;

/** @param {string} word */
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);
