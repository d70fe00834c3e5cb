/** Names of inputs and captures, which are variables of the shell; and how they are put in place of `${NAME}`. */

/** What a name may be. */
export const variableName = /^[A-Za-z_]\w*$/;

/** Names of steps are part of file names and of the command line. */
export const stepName = /^[A-Za-z0-9][\w.-]{0,63}$/;

const reserved = /^(?:PATH|HOME|IFS|SHELLOPTS|NODE_OPTIONS|BASH_.*|LD_.*|QUARTERDECK_.*)$/;

/** Whether a value of this name would change how programs are found and started, or how the runner speaks to its steps. */
export function isReserved(name: string): boolean {
  return reserved.test(name);
}

export type Values = ReadonlyMap<string, string>;

const reference = /\$\{(\w+)\}/g;

/** The names that a text refers to. */
export function referencesIn(text: string): string[] {
  return [...text.matchAll(reference)].map(([, name = '']) => name);
}

/** Puts values in place of `${NAME}`; what has none stays. */
export function substitute(text: string, values: Values): string {
  return text.replaceAll(reference, (whole, name: string) => values.get(name) ?? whole);
}
