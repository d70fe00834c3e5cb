/** Finds and fills elements of the page, with types and a clear error when the markup and the code disagree. */

/**
 * @template {Element} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function byId(id, kind) {
  return checked(document.getElementById(id), `#${id}`, kind);
}

/**
 * @template {Element} Kind
 * @param {ParentNode} parent
 * @param {string} selector
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
export function within(parent, selector, kind) {
  return checked(parent.querySelector(selector), selector, kind);
}

/**
 * A copy of the one element that a `<template>` holds.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function fromTemplate(id) {
  const copy = byId(id, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  return checked(copy instanceof Element ? copy : null, `#${id} > *`, HTMLElement);
}

/**
 * Text from the server reaches the page through `textContent` only, here and everywhere.
 * @param {string} className
 * @param {string} text
 */
export function span(className, text) {
  const element = document.createElement('span');
  element.className = className;
  element.textContent = text;
  return element;
}

/**
 * Shows an error with what to do next, or takes it away.
 * @param {HTMLElement} place
 * @param {unknown} [error]
 */
export function showError(place, error) {
  place.hidden = error === undefined;
  if (error === undefined) {
    place.textContent = '';
    return;
  }
  const { message, next = '' } = /** @type {Error & { next?: string }} */ (error);
  place.textContent = next === '' ? message : `${message} ${next}`;
}

/** Long enough to read a sentence twice. */
const toastMs = 5_000;
let toastTimer = 0;

/**
 * Says what happened, to the eye and to screen readers.
 * @param {string} text
 */
export function announce(text) {
  const toast = byId('toast', HTMLElement);
  toast.textContent = text;
  toast.dataset['shown'] = 'yes';
  clearTimeout(toastTimer);
  toastTimer = window.setTimeout(() => {
    toast.dataset['shown'] = 'no';
    toast.textContent = '';
  }, toastMs);
}

/**
 * Runs `work` with the form's buttons disabled, so that a double click is one call.
 * @param {HTMLFormElement} form
 * @param {HTMLElement} errorPlace
 * @param {() => Promise<void>} work
 */
export async function submitting(form, errorPlace, work) {
  const buttons = [...form.querySelectorAll('button')];
  for (const button of buttons) button.disabled = true;
  try {
    await work();
    showError(errorPlace);
  } catch (error) {
    showError(errorPlace, error);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

/**
 * @template {Element} Kind
 * @param {Element | null} element
 * @param {string} name
 * @param {new () => Kind} kind
 * @returns {Kind}
 */
function checked(element, name, kind) {
  if (element instanceof kind) return element;
  throw new Error(`The page has no ${kind.name} at ${name}.`);
}
