/** The gate: sign up and sign in, in one form with two modes. */

import { openSession, ServerError } from './api.js';
import { byId, showError, submitting } from './elements.js';

/** Only says that somebody signed in here before; it decides which mode a visitor meets first. */
const knownKey = 'quarterdeck.known';

const modes = {
  signup: {
    title: 'Create your account',
    lede: 'You get a workspace of your own.',
    submit: 'Create account',
    other: 'Have an account?',
    otherAction: 'Sign in',
    autocomplete: /** @type {const} */ ('new-password'),
  },
  signin: {
    title: 'Welcome back',
    lede: 'Sign in to your workspace.',
    submit: 'Sign in',
    other: 'New here?',
    otherAction: 'Create an account',
    autocomplete: /** @type {const} */ ('current-password'),
  },
};

const form = byId('account', HTMLFormElement);
const error = byId('account-error', HTMLElement);
const name = byId('account-name', HTMLInputElement);
const email = byId('account-email', HTMLInputElement);
const password = byId('account-password', HTMLInputElement);
/** @type {keyof typeof modes} */
let mode = 'signin';

/** @param {() => void} onOpened called when a session begins */
export function watchGate(onOpened) {
  byId('account-switch', HTMLButtonElement).addEventListener('click', () => {
    setMode(mode === 'signup' ? 'signin' : 'signup');
    showError(error);
    focusFirst();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submitting(form, error, async () => {
      await openSession(mode, {
        email: email.value,
        password: password.value,
        ...(mode === 'signup' && name.value.trim() !== '' ? { name: name.value.trim() } : {}),
      });
      localStorage.setItem(knownKey, 'yes');
      form.reset();
      onOpened();
    });
  });
}

/** @param {string} [message] why the visitor is here again */
export function showGate(message) {
  setMode(localStorage.getItem(knownKey) === null ? 'signup' : 'signin');
  showError(error, message === undefined ? undefined : new ServerError({ code: 'unauthenticated', message }));
  focusFirst();
}

/** @param {keyof typeof modes} next */
function setMode(next) {
  mode = next;
  const words = modes[mode];
  byId('account-title', HTMLElement).textContent = words.title;
  byId('account-lede', HTMLElement).textContent = words.lede;
  byId('account-submit', HTMLElement).textContent = words.submit;
  byId('account-other', HTMLElement).textContent = words.other;
  byId('account-switch', HTMLElement).textContent = words.otherAction;
  byId('account-name-field', HTMLElement).hidden = mode === 'signin';
  byId('account-password-hint', HTMLElement).hidden = mode === 'signin';
  password.autocomplete = words.autocomplete;
  // Only a new password has a minimum here: an old one is judged by the server alone.
  if (mode === 'signup') password.minLength = 8;
  else password.removeAttribute('minlength');
}

function focusFirst() {
  (mode === 'signup' ? name : email).focus();
}
