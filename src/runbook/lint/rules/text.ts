/** Rules about what a document leaves to its reader: placeholders, work left over, comments for this linter. */

import { isProcedure } from '../effects.ts';
import { mark, openQuestions } from '../../mark.ts';
import { ignoresOf } from '../ignore.ts';
import { type Rule, bash } from '../rule.ts';

const words: readonly RegExp[] = [
  /\byour-?(?:org|domain|company|app|cluster|project|bucket|registry|host|server|token|password|api-?key|namespace|username)\b[\w.-]*/i,
  /\b(?:previous-(?:version|tag|release)|new-image:tag|image:tag|backup_file\.\w+)\b/i,
];

/** Programs of operations; the usage of any other is written with `<name>` on pages about it. */
const operations =
  /^(?:sudo|kubectl|helm|docker|podman|psql|pg_dump|pg_restore|aws|gcloud|az|ssh|scp|rsync|systemctl|terraform|curl|redis-cli)$/;

const inComments = /(?<=\s|^|")\[(?:[a-z]+[ -])*[a-z]+\](?!\()/i;

export const placeholder: Rule = {
  id: 'R72',
  name: 'placeholder',
  severity: 'error',
  title: 'A command holds a placeholder',
  why: 'Somebody in a hurry runs it as it stands, or fills in the wrong thing: the shell takes `<name>` for a file.',
  fix: 'Make it a variable with a check (`"${POD:?the name of the pod}"`) or an input of the runbook.',
  bad: bash('kubectl describe pod <pod-name>'),
  good: bash('kubectl describe pod "${POD:?the name of the pod}"'),
  *check(document) {
    const { scripts, calls, tables, prose } = document;
    const procedure = isProcedure(document);
    for (const { placeholders, shell, place } of scripts)
      for (const { text, offset } of placeholders) {
        const program = shell.commands.find(({ start, end }) => start <= offset && offset < end)?.words[0]?.value ?? '';
        if (procedure || operations.test(program)) yield { at: place(offset), message: `${text} is to be replaced by the reader.` };
      }
    for (const call of calls)
      for (const { text, word } of call.args) {
        const found =
          words.map((pattern) => pattern.exec(text)?.[0]).find((each) => each !== undefined) ??
          (/(?:^|=)\.\.\.$/.test(text) && call.program !== 'go' ? '...' : undefined);
        if (found !== undefined && call.via === undefined)
          yield { at: call.script.place(word.start), message: `${found} is to be replaced by the reader.` };
      }
    for (const { shell, place } of scripts)
      for (const { start, end } of shell.comments) {
        const found = inComments.exec(shell.text.slice(start, end));
        if (found !== null) yield { at: place(start + found.index), message: `${found[0]} is to be replaced by the reader.` };
      }
    for (const { rows } of tables)
      for (const { cells, at } of rows)
        if (cells.some((cell) => /^(?:TBD|TBA|tbd)$/.test(cell)))
          yield { at, message: 'TBD: to be decided, and needed when this is read.' };
    for (const { text, at } of prose) {
      const found = /https?:\/\/[\w.-]*\byour-?(?:domain|company|org)\b[\w.-]*/i.exec(text);
      if (found !== null) yield { at: at(found.index), message: `${found[0]} is to be replaced by the reader.` };
    }
  },
};

export const ignoreWithoutReason: Rule = {
  id: 'R120',
  name: 'ignore-without-reason',
  severity: 'error',
  title: 'A finding is ignored without a reason, or by an id that no rule has',
  why: 'Nobody can tell later whether the reason still holds; and nothing is silenced.',
  fix: 'Write `<!-- lint-ignore R07: why it is right here -->`.',
  bad: '<!-- lint-ignore R70 -->\n\n' + bash('docker run --rm hello-world:latest'),
  good: '<!-- lint-ignore R70: a demonstration, nothing depends on its version -->\n\n' + bash('docker run --rm hello-world:latest'),
  *check(document) {
    for (const { ids, reason, at } of ignoresOf(document)) {
      if (reason === '') yield { at, message: 'lint-ignore without a reason silences nothing.' };
      else if (ids.length === 0 || ids.some((id) => !/^R\d+$/.test(id)))
        yield { at, message: `lint-ignore names no rule: ${ids.join(', ') || 'nothing'}.` };
    }
  },
};

export const leftOver: Rule = {
  id: 'R121',
  name: 'left-over',
  severity: 'warning',
  title: 'Something of the runbook is still to be written',
  why: 'An importer or an author left a mark where a decision is missing.',
  fix: 'Decide it, and take the mark away.',
  bad: `${mark}: how is the restore checked?\n`,
  good: 'The restore is checked with the queries below.\n',
  *check({ source }) {
    for (const { line, column, text } of openQuestions(source.text)) yield { at: { line, column }, message: text };
  },
};

export const textRules: readonly Rule[] = [placeholder, ignoreWithoutReason, leftOver];
