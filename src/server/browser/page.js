/** The page: shows the gate to strangers and the deck to those who are signed in. */

import { closeSession, currentSession, whenSessionEnds } from './api.js';
import { showGate, watchGate } from './account.js';
import { showConnect, watchConnect } from './connect.js';
import { announce, byId } from './elements.js';
import { hideQueue, showQueue, watchQueue } from './queue.js';

const welcome = byId('welcome', HTMLElement);
const deck = byId('deck', HTMLElement);

watchGate(openDeck);
watchConnect();
watchQueue();
whenSessionEnds(openGate);
byId('sign-out', HTMLButtonElement).addEventListener('click', async () => {
  await closeSession();
  openGate();
  announce('You are signed out.');
});

if (currentSession() === undefined) openGate();
else openDeck();

function openDeck() {
  const session = currentSession();
  if (session === undefined) return;
  byId('workspace-name', HTMLElement).textContent = session.workspace.name;
  byId('user-name', HTMLElement).textContent = session.user.name || session.user.email;
  welcome.hidden = true;
  deck.hidden = false;
  showConnect();
  showQueue();
}

/** @param {string} [message] why the deck closed */
function openGate(message) {
  hideQueue();
  deck.hidden = true;
  welcome.hidden = false;
  showGate(message);
}
