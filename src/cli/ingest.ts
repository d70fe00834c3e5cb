/** `quarterdeck ingest`: takes a folder of documents into the knowledge of a workspace. */

import { basename, resolve } from 'node:path';
import { CliCommand } from './command.ts';
import { type Found, findFiles } from './ingest/files.ts';
import { type IngestPlaceOptions, openIngestPlace } from './ingest/place.ts';
import { type FileOutcome, ingestFiles } from './ingest/run.ts';
import { oneLine, print } from './output.ts';
import { dataOption, urlOption } from './place.ts';
import { type Step, withProgress } from './progress.ts';
import { listenForStop } from './stop.ts';

interface Options extends IngestPlaceOptions {
  project?: string;
}

/** The status of a process that was interrupted. */
const interrupted = 130;

export function ingestCommand(): CliCommand {
  const command = new CliCommand('ingest', {
    summary: 'Take in a file, or a folder with all that is in it: text, Markdown, HTML, PDFs and exports of chats.',
    details:
      'Each file is a source with an address of its own, file:FOLDER/PATH, so the same folder taken in again changes only what has changed. Hidden files, binaries, links and what was installed (node_modules) are left out and counted. A file that is refused does not stop the others; then the exit status is 1.',
    example: 'quarterdeck ingest docs --project WEB',
  });
  command
    .argument('<path>', 'The file or folder.')
    .option('--project <key>', 'Project that the sources belong to. (default: your own, which nobody else sees)')
    .option('--user <address>', 'On whose behalf. (default: the operator)')
    .option('--workspace <workspace>', 'In which workspace of that person, by id or name. (default: their own)')
    .addOption(dataOption())
    .addOption(urlOption());
  return command.action(async (path: string, options: Options) => {
    const found = await findFiles(path);
    const { outcomes, stopped } = await takeAllIn(found, options);
    const result = resultOf(path, found, outcomes, stopped);
    print(options.json, result, () => report(result));
    process.exitCode = stopped ? interrupted : result.refused === 0 ? 0 : 1;
  });
}

async function takeAllIn({ files }: Found, options: Options): Promise<{ outcomes: FileOutcome[]; stopped: boolean }> {
  const outcomes: FileOutcome[] = [];
  if (files.length === 0) return { outcomes, stopped: false };
  const { signal } = listenForStop();
  const place = await openIngestPlace(options);
  try {
    await withProgress('taking in', (show) => {
      const onOutcome = (outcome: FileOutcome): void => {
        outcomes.push(outcome);
        show(stepOf(outcomes.length, files.length, outcome.file));
        if (options.json !== true && !process.stderr.isTTY && outcome.outcome !== 'unchanged')
          process.stdout.write(`${outcome.outcome} ${oneLine(outcome.file)}\n`);
      };
      return ingestFiles(files, { place, project: options.project, signal, onOutcome });
    });
  } finally {
    await place.close();
  }
  return { outcomes, stopped: outcomes.length < files.length };
}

function stepOf(done: number, total: number, file: string): Step {
  return { message: `${done} of ${total} ${oneLine(file)}`, done, total };
}

function resultOf(path: string, { files, skipped }: Found, outcomes: FileOutcome[], stopped: boolean) {
  const count = (wanted: FileOutcome['outcome']) => outcomes.filter(({ outcome }) => outcome === wanted).length;
  return {
    folder: basename(resolve(path)),
    found: files.length,
    created: count('created'),
    replaced: count('replaced'),
    unchanged: count('unchanged'),
    refused: count('refused'),
    skipped,
    stopped,
    files: outcomes.toSorted((one, other) => (one.file < other.file ? -1 : 1)),
  };
}

type Result = ReturnType<typeof resultOf>;

function report({ folder, found, created, replaced, unchanged, refused, skipped, stopped, files }: Result): string {
  const left = Object.entries(skipped).map(([reason, count]) => `${count} ${reason}`);
  const lines = [
    `${oneLine(folder)}: ${created} created, ${replaced} replaced, ${unchanged} unchanged, ${refused} refused${left.length === 0 ? '' : `; left out: ${left.join(', ')}`}.`,
  ];
  for (const { file, outcome, message, next } of files) if (outcome === 'refused') lines.push(`  ${oneLine(file)}: ${message} ${next}`);
  if (found === 0) lines.push('There was nothing to take in.');
  if (stopped)
    lines.push(`Stopped with ${found - files.length} of ${found} files to go. The same command goes on: what is there is found unchanged.`);
  return lines.join('\n');
}
