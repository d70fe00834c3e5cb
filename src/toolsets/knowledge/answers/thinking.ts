/** Leaves out what reasoning models write before their answer, where the server that runs them does not keep it apart. */

const opening = '<think>';
const thought = /^\s*<think>[^]*?<\/think>\s*/;

/** The text that follows; what is thought without an end is no answer. */
export async function* withoutThinking(texts: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let held: string | undefined = '';
  for await (const text of texts) {
    if (held === undefined) {
      yield text;
      continue;
    }
    held += text;
    if (mayThink(held) && !thought.test(held)) continue;
    const rest = held.replace(thought, '');
    held = undefined;
    if (rest !== '') yield rest;
  }
  if (held !== undefined && !held.trimStart().startsWith(opening)) yield held;
}

/** As far as it has come. */
function mayThink(text: string): boolean {
  const begun = text.trimStart();
  return begun.startsWith(opening) || opening.startsWith(begun);
}
