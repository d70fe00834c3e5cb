/** Rules about the document as a whole: whom to call, what it promises, and when it is read. */

import type { Section } from '../document.ts';
import { isProcedure } from '../effects.ts';
import { type Rule, bash } from '../rule.ts';

export const contactMissing: Rule = {
  id: 'R100',
  name: 'contact-missing',
  severity: 'warning',
  title: 'A contact leads nowhere',
  why: 'At night somebody finds a role, or an address that nobody reads.',
  fix: 'Name the rotation and how it is paged, with the command or the number.',
  bad: '## Emergency contacts\n\n- On-call: oncall@example.com\n',
  good: '## Emergency contacts\n\n- On-call: `pd trigger --service shop`, or the number on the card in the control room\n',
  *check({ prose }) {
    for (const { text, at, section, kind } of prose) {
      if (kind === 'heading' || !/\bcontacts?\b|escalation/i.test(section.path.join(' '))) continue;
      const found = /[\w.+-]+@example\.(?:com|org|net)\b|^\s*(?:TBD|TBA|n\/a)\s*$/i.exec(text);
      if (found !== null) yield { at: at(found.index), message: `${found[0].trim()} reaches nobody.` };
    }
  },
};

/** Work that somebody does in a hurry, and that has commands. */
const procedures = /\b(?:roll ?backs?|disaster recovery|recovery|restor(?:e|ing)|back ?ups?|fail ?over)\b/i;
const noProcedures = /\b(?:when|criteria|strategy|policy|plan|post|after|overview|schedule|objectives?|best practices)\b/i;

export const promiseWithoutCommands: Rule = {
  id: 'R102',
  name: 'promise-without-section',
  severity: 'warning',
  title: 'A procedure is named, and has no command',
  why: 'Everybody believes that it is written down; in the night it is needed, somebody has to invent it.',
  fix: 'Write the commands and try them, or link the runbook that has them.',
  bad: '# Deploy\n\n' + bash('./release.sh') + '\n## Disaster recovery\n\n1. Restore the database\n2. Check the data\n',
  good: '# Deploy\n\n' + bash('./release.sh') + '\n## Disaster recovery\n\nSee [Restore the database](restore.md).\n',
  *check(document) {
    const { sections, scripts, items, source } = document;
    if (!isProcedure(document) || scripts.length === 0) return;
    for (const section of sections) {
      if (section.depth < 2 || !procedures.test(section.title) || noProcedures.test(section.title)) continue;
      const within = (other: Section) =>
        other.path[section.path.length - 1] === section.title && other.path.slice(0, section.path.length).join() === section.path.join();
      const own = items.filter((item) => within(item.section));
      // The innermost heading says it; a group of such headings does not say it again.
      const grouped = sections.some((other) => other !== section && within(other) && procedures.test(other.title));
      const linked = own.some(({ node }) => /\]\([^)]+\)/.test(source.text.slice(node.position?.start.offset, node.position?.end.offset)));
      if (own.length > 1 && !grouped && !linked && !scripts.some((script) => within(script.section)))
        yield { at: section.at, message: `“${section.title}” is a list of intentions, without a command.` };
    }
  },
};

const hours: Readonly<Record<string, number>> = { minute: 1 / 60, hour: 1, day: 24, week: 168 };

export const rpoUnreachable: Rule = {
  id: 'R103',
  name: 'rpo-unreachable',
  severity: 'warning',
  title: 'The promised RPO is shorter than the time between backups',
  why: 'What was written since the last dump is lost: with daily dumps up to a day, whatever the page promises.',
  fix: 'Archive the write-ahead log (WAL) all the time, or promise what the schedule gives.',
  bad: 'Daily backups at 2 AM UTC.\n\nRPO (recovery point objective): 1 hour.\n',
  good: 'Daily backups at 2 AM UTC, and the WAL is archived every minute.\n\nRPO (recovery point objective): 5 minutes.\n',
  *check({ prose, source }) {
    const interval = /\bdaily\b[^.\n]{0,30}\b(?:backup|dump|snapshot)|\b(?:backup|dump|snapshot)s?\b[^.\n]{0,30}\bdaily\b/i.test(
      source.text,
    )
      ? 24
      : /\bhourly\b[^.\n]{0,30}\b(?:backup|dump|snapshot)/i.test(source.text)
        ? 1
        : undefined;
    if (
      interval === undefined ||
      /\bWAL\b|write-ahead|archive_command|streaming replica|pgbackrest|barman|logical replication/i.test(source.text)
    )
      return;
    for (const { text, at } of prose) {
      const found = /\bRPO\b[^\n]{0,60}?(\d+)\s*(minute|hour|day|week)/i.exec(text);
      const promised = Number(found?.[1]) * (hours[found?.[2]?.toLowerCase() ?? ''] ?? Infinity);
      if (found !== null && promised < interval)
        yield {
          at: at(found.index),
          message: `${found[1] ?? ''} ${found[2] ?? ''} is promised, and a backup is made every ${interval} hours.`,
        };
    }
  },
};

export const countMismatch: Rule = {
  id: 'R104',
  name: 'count-mismatch',
  severity: 'info',
  title: 'A heading counts more or fewer than the list below it',
  why: 'Something was forgotten, here or there.',
  fix: 'Correct the list, or leave the number out.',
  bad: '### New files (3 total)\n\n- a\n- b\n',
  good: '### New files\n\n- a\n- b\n',
  *check({ sections, items }) {
    for (const section of sections) {
      const [, said] = /\((\d+) (?:total|in total|items?|files?)\)/i.exec(section.title) ?? [];
      const own = items.filter((item) => item.section === section);
      const column = Math.min(...own.map(({ at }) => at.column));
      const listed = own.filter(({ at }) => at.column === column).length;
      if (said !== undefined && listed > 0 && listed !== Number(said))
        yield { at: section.at, message: `${said} are announced, ${listed} are listed.` };
    }
  },
};

export const manualStep: Rule = {
  id: 'R107',
  name: 'manual-ui-step',
  severity: 'info',
  title: 'A step is done with the mouse',
  why: 'It cannot be repeated, resumed or looked up later.',
  fix: 'Use the command line of the service (`gh workflow run deploy.yml`), or make it a confirmation: `- [ ] …`.',
  bad: '1. Click "Run workflow"\n',
  good: bash('gh workflow run deploy.yml --ref v1.4.2'),
  *check({ items }) {
    for (const { text, at, node } of items)
      if (
        node.checked === null &&
        /^\W*(?:click\b|go to\b|navigate to\b|open (?:the )?[A-Z]\w+ (?:dashboard|console|UI|page)|select (?:"|“|the ))/i.test(text)
      )
        yield { at, message: 'This is done by hand in a page.' };
  },
};

export const readyClaim: Rule = {
  id: 'R110',
  name: 'ready-claim',
  severity: 'warning',
  title: 'The document calls itself ready, and lists what is still to be done first',
  why: 'Whoever reads only the top or the bottom goes live without it.',
  fix: 'Say “not ready”, and what is missing.',
  bad: 'Status: ready for production.\n\n## Immediate actions required\n\n1. Generate the secrets\n',
  good: 'Status: not ready; see below.\n\n## Immediate actions required\n\n1. Generate the secrets\n',
  *check({ prose, sections }) {
    const open = sections.find(({ title }) => /\b(?:immediate|outstanding|open|remaining) (?:actions?|issues|items|tasks)\b/i.test(title));
    if (open === undefined) return;
    for (const { text, at } of prose) {
      const found = /(?<!not )\bready for production\b|(?<!not )\bproduction[- ]ready\b/i.exec(text);
      if (found !== null) yield { at: at(found.index), message: `“${found[0]}”, while “${open.title}” stands in line ${open.at.line}.` };
    }
  },
};

export const mojibake: Rule = {
  id: 'R111',
  name: 'mojibake',
  severity: 'info',
  title: 'Characters were broken on their way',
  why: 'UTF-8 was read as another encoding; copied into a message or a command, it stays broken.',
  fix: 'Convert the file back, or write the characters again.',
  bad: 'Deployment complete âœ…\n',
  good: 'Deployment complete ✅\n',
  *check({ source }) {
    for (const [index, line] of source.text.split('\n').entries()) {
      const found = /ðŸ|â[œ€†ˆ‚]|Ã[©¨¤¶¼±¡]|Â[ ·°§]/.exec(line);
      if (found !== null) yield { at: { line: index + 1, column: found.index + 1 }, message: `“${found[0]}” was another character once.` };
    }
  },
};

export const noTimeZone: Rule = {
  id: 'R112',
  name: 'time-zone',
  severity: 'info',
  title: 'A time of day has no zone, or one that means two',
  why: 'EST is an hour off for half of the year; a bare time is whatever the reader thinks.',
  fix: 'Write UTC.',
  bad: 'Best time: 2-4 AM EST.\n',
  good: 'Best time: 07:00 to 09:00 UTC.\n',
  *check({ prose }) {
    for (const { text, at } of prose) {
      const found = /\b\d{1,2}(?::\d\d)?\s?[AP]M\b(?!\s*\(?(?:UTC|GMT|Z\b|[+-]\d))/i.exec(text);
      if (found !== null) yield { at: at(found.index), message: `“${found[0]}” is at another moment for another reader.` };
    }
  },
};

export const wholeRules: readonly Rule[] = [
  contactMissing,
  promiseWithoutCommands,
  rpoUnreachable,
  countMismatch,
  manualStep,
  readyClaim,
  mojibake,
  noTimeZone,
];
