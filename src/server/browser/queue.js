/** Watching the queue: polls while somebody looks, shows tasks by status, adds tasks. */

import { currentSession, request } from './api.js';
import { announce, byId, showError, submitting } from './elements.js';
import { Section } from './section.js';
import { claimOrder, tickCountdowns } from './task-row.js';

/** @typedef {{ key: string, name: string, personal: boolean }} Project */

/** Often enough to watch agents work; an unchanged queue costs an empty answer each time. */
const pollMs = 2_000;
/** The pause doubles up to this while the server cannot be reached. */
const longestPauseMs = 30_000;
/** Projects change rarely. */
const projectsEveryMs = 20_000;

/** Sections of settled tasks are asked when another section changed, and in every third round for tasks that came and went between two rounds. */
const settledEveryRounds = 3;
/** The most of one page: a queue is shown in the order of claims, and that needs all of it. */
const wholeQueue = '200';

/** In the order of what a person should look at first. */
const active = [
  new Section({ name: 'Needs attention', query: { status: 'needs_attention' } }),
  new Section({ name: 'In progress', query: { status: 'in_progress' } }),
  new Section({ name: 'Ready', query: { status: 'pending', ready: 'true', limit: wholeQueue }, order: claimOrder }),
  new Section({ name: 'Waiting', query: { status: 'pending', ready: 'false', limit: wholeQueue }, order: claimOrder }),
];
const settled = [
  new Section({ name: 'Done', query: { status: 'completed', limit: '10' } }),
  new Section({ name: 'Cancelled', query: { status: 'cancelled', limit: '10' } }),
];
const sections = [...active, ...settled];

const place = byId('sections', HTMLElement);
const project = byId('project', HTMLSelectElement);
const live = byId('live', HTMLElement);
const form = byId('new-task', HTMLFormElement);
const title = byId('new-task-title', HTMLInputElement);
const priority = byId('new-task-priority', HTMLSelectElement);
let round = new AbortController();
let pauseMs = pollMs;
let nextPoll = 0;
let rounds = 0;
let projectsAskedAt = 0;
let projectsEtag = '';

export function watchQueue() {
  place.append(...sections.map((section) => section.element));
  setInterval(() => tickCountdowns(place), 1_000);
  project.addEventListener('change', () => restart());
  document.addEventListener('visibilitychange', () => {
    if (currentSession() === undefined) return;
    if (document.hidden) stop();
    else begin();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submitting(form, byId('new-task-error', HTMLElement), addTask);
  });
}

/** Starts afresh for the person who is signed in now. */
export function showQueue() {
  keepFixedOptions();
  projectsEtag = '';
  form.reset();
  restart();
}

export function hideQueue() {
  stop();
  for (const section of sections) section.reset('');
}

function restart() {
  rounds = 0;
  projectsAskedAt = 0;
  byId('new-task-project', HTMLElement).textContent = project.value || 'My tasks';
  byId('queue-empty', HTMLElement).hidden = true;
  showError(byId('new-task-error', HTMLElement));
  for (const section of sections) section.reset(project.value);
  begin();
}

function begin() {
  stop();
  pauseMs = pollMs;
  void poll(round.signal);
}

/** Whatever is under way is of no interest any more: its answer could show another project's tasks. */
function stop() {
  clearTimeout(nextPoll);
  round.abort();
  round = new AbortController();
}

/** @param {AbortSignal} signal */
async function poll(signal) {
  try {
    await loadProjects(signal);
    const changed = await Promise.all(active.map((section) => section.refresh(signal)));
    if (changed.includes(true) || rounds % settledEveryRounds === 0) await Promise.all(settled.map((section) => section.refresh(signal)));
    if (signal.aborted) return;
    rounds += 1;
    pauseMs = pollMs;
    showState('live', 'Live');
    showError(byId('queue-error', HTMLElement));
    byId('queue-empty', HTMLElement).hidden = sections.some((section) => section.size > 0);
  } catch (error) {
    if (signal.aborted) return;
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    showState('waiting', `Trying again in ${pauseMs / 1_000} s`);
    showError(byId('queue-error', HTMLElement), error);
  }
  if (currentSession() !== undefined) nextPoll = window.setTimeout(() => void poll(signal), pauseMs);
}

/**
 * @param {'live' | 'waiting'} state
 * @param {string} text
 */
function showState(state, text) {
  live.dataset['state'] = state;
  // The same text again would be read out again.
  if (live.textContent !== text) live.textContent = text;
}

/** @param {AbortSignal} signal */
async function loadProjects(signal) {
  if (Date.now() - projectsAskedAt < projectsEveryMs) return;
  const answer = await request('GET', 'projects', { etag: projectsEtag, signal });
  projectsAskedAt = Date.now();
  if (!answer.changed) return;
  projectsEtag = answer.etag;
  /** @type {Project[]} */
  const projects = answer.body.items;
  const chosen = project.value;
  keepFixedOptions();
  for (const { key, name, personal } of projects) if (!personal) project.add(new Option(`${key} · ${name}`, key));
  project.value = chosen;
  if (project.value === chosen) return;
  // Somebody deleted the project that was being watched.
  project.value = '';
  restart();
}

/** “All projects” and “My tasks” are always there. */
function keepFixedOptions() {
  project.length = 2;
}

async function addTask() {
  const { body } = await request('POST', 'tasks', {
    body: { title: title.value.trim(), priority: priority.value, ...(project.value === '' ? {} : { project: project.value }) },
  });
  title.value = '';
  title.focus();
  announce(`${body.task.id} is in the queue.`);
  begin();
}
