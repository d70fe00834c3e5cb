/** Connecting an agent: make a key, copy the snippet for a client, list and revoke keys. */

import { base, request } from './api.js';
import { announce, byId, fromTemplate, showError, submitting, within } from './elements.js';
import { clients } from './snippets.js';

/** @typedef {{ id: string, name: string, prefix: string, created_at: string, last_used_at: string | null }} Key */

/** Stands where the key goes until there is one; it is never a valid key. */
const placeholder = 'qd_…';
/** A second click within this time revokes; longer, and it could be a new thought. */
const confirmMs = 4_000;

const form = byId('new-key', HTMLFormElement);
const name = byId('new-key-name', HTMLInputElement);
const snippet = byId('snippet', HTMLElement);
const tabs = byId('clients', HTMLElement);
const list = byId('keys', HTMLElement);
const listError = byId('keys-error', HTMLElement);
let client = clients[0];
/** Kept in memory alone: the server shows a key once, and so does this page. */
let secret = placeholder;

export function watchConnect() {
  tabs.append(...clients.map(tabOf));
  tabs.addEventListener('keydown', moveBetweenTabs);
  byId('snippet-copy', HTMLButtonElement).addEventListener('click', copySnippet);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submitting(form, byId('new-key-error', HTMLElement), makeKey);
  });
}

/** Starts afresh for the person who is signed in now. */
export function showConnect() {
  secret = placeholder;
  form.reset();
  list.replaceChildren();
  showSnippet();
  void loadKeys();
}

async function makeKey() {
  const { body } = await request('POST', 'keys', { body: { name: name.value.trim() } });
  secret = body.key;
  form.reset();
  showSnippet();
  announce(`Key ${body.name} is made. Copy the snippet now: the key is shown this once.`);
  byId('snippet-copy', HTMLButtonElement).focus();
  await loadKeys();
}

async function loadKeys() {
  try {
    const { body } = await request('GET', 'keys');
    /** @type {Key[]} */
    const keys = body.items;
    list.replaceChildren(...keys.map(keyRow));
    byId('keys-empty', HTMLElement).hidden = keys.length > 0;
    showError(listError);
  } catch (error) {
    showError(listError, error);
  }
}

/** @param {Key} key */
function keyRow(key) {
  const row = fromTemplate('key-template');
  within(row, '.key-name', HTMLElement).textContent = key.name;
  const day = (/** @type {string} */ time) => new Date(time).toLocaleDateString(undefined, { dateStyle: 'medium' });
  const used = key.last_used_at === null ? `made ${day(key.created_at)}` : `last used ${day(key.last_used_at)}`;
  within(row, '.key-facts', HTMLElement).textContent = `${key.prefix}… · ${used}`;
  const button = within(row, 'button', HTMLButtonElement);
  button.setAttribute('aria-label', `Revoke ${key.name}`);
  button.addEventListener('click', () => revokeOnSecondClick(button, key));
  return row;
}

/**
 * @param {HTMLButtonElement} button
 * @param {Key} key
 */
function revokeOnSecondClick(button, key) {
  if (button.dataset['armed'] === 'yes') {
    button.disabled = true;
    void revoke(key);
    return;
  }
  arm(button, key, true);
  setTimeout(() => arm(button, key, false), confirmMs);
}

/**
 * @param {HTMLButtonElement} button
 * @param {Key} key
 * @param {boolean} armed
 */
function arm(button, key, armed) {
  button.dataset['armed'] = armed ? 'yes' : 'no';
  button.textContent = armed ? 'Really revoke?' : 'Revoke';
  button.setAttribute('aria-label', armed ? `Really revoke ${key.name}? Its agent stops at once.` : `Revoke ${key.name}`);
}

/** @param {Key} key */
async function revoke(key) {
  try {
    await request('DELETE', `keys/${encodeURIComponent(key.id)}`);
    announce(`Key ${key.name} is revoked.`);
    await loadKeys();
  } catch (error) {
    await loadKeys();
    showError(listError, error);
  }
}

function showSnippet() {
  if (client === undefined) return;
  for (const tab of tabs.children) {
    const selected = tab.id === `client-${client.id}`;
    tab.setAttribute('aria-selected', String(selected));
    tab.setAttribute('tabindex', selected ? '0' : '-1');
  }
  byId('snippet-panel', HTMLElement).setAttribute('aria-labelledby', `client-${client.id}`);
  byId('snippet-hint', HTMLElement).textContent = client.hint;
  snippet.textContent = client.text(base.href, secret);
  byId('key-notice', HTMLElement).textContent =
    secret === placeholder
      ? 'The key is filled in as soon as you make one.'
      : 'The key is shown this once. It works until you revoke it: keep it as you keep a password.';
}

/** @param {import('./snippets.js').Client} candidate */
function tabOf(candidate) {
  const tab = document.createElement('button');
  tab.type = 'button';
  tab.id = `client-${candidate.id}`;
  tab.role = 'tab';
  tab.textContent = candidate.name;
  tab.setAttribute('aria-controls', 'snippet-panel');
  tab.addEventListener('click', () => {
    client = candidate;
    showSnippet();
  });
  return tab;
}

/**
 * Arrow keys move between tabs, as the ARIA pattern for tabs says.
 * @param {KeyboardEvent} event
 */
function moveBetweenTabs(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined || client === undefined) return;
  event.preventDefault();
  client = clients[(clients.indexOf(client) + step + clients.length) % clients.length] ?? client;
  showSnippet();
  byId(`client-${client.id}`, HTMLButtonElement).focus();
}

/** Without https or loopback browsers have no clipboard API; then the text is selected, and copied the old way where that still works. */
async function copySnippet() {
  try {
    await navigator.clipboard.writeText(snippet.textContent ?? '');
    announce('Copied.');
  } catch {
    getSelection()?.selectAllChildren(snippet);
    announce(document.execCommand('copy') ? 'Copied.' : 'Selected. Press Ctrl+C or ⌘C to copy.');
  }
}
