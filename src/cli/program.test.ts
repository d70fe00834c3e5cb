import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { CliCommand, pathOf } from './command.ts';
import { createProgram } from './program.ts';

/** Every command that does something, with the words that call it. */
function commandsOf(command: Command): CliCommand[] {
  const inner = command.commands.filter((each) => each instanceof CliCommand);
  return inner.length === 0 && command instanceof CliCommand ? [command] : inner.flatMap(commandsOf);
}

const commands = commandsOf(createProgram()).map((command) => [pathOf(command), command] as const);

test('the commands are those of the contract', () => {
  expect(commands.map(([path]) => path.replace('quarterdeck ', ''))).toEqual([
    'start',
    'serve',
    'stdio',
    'user create',
    'user list',
    'user password',
    'user disable',
    'user enable',
    'key create',
    'key list',
    'key rotate',
    'key revoke',
    'key rotate-signing',
    'ingest',
    'migrate up',
    'migrate down',
    'migrate status',
    'migrate-data',
    'database end-session',
    'database set-password',
    'database end-sessions',
    'database drop-slot',
    'config show',
    'doctor',
    'runbook lint',
    'runbook plan',
    'runbook run',
    'runbook resume',
    'runbook approve',
    'runbook undo',
    'runbook abort',
    'runbook unlock',
    'runbook list',
    'runbook show',
    'runbook report',
    'runbook import',
    'check http',
    'check mcp',
    'check tls',
    'check auth',
    'check refusals',
    'check latency',
    'check config',
    'check database',
    'check locks',
    'check wal',
    'check migrations',
    'check redis',
    'check kubernetes',
    'check backup',
    'check disk',
    'check machine',
    'check clock',
    'check release',
    'check traffic',
    'measure',
    'release start',
    'release deploy',
    'release shift',
    'release promote',
    'release rollback',
    'release replace',
    'release status',
    'release logs',
    'release prune',
    'release stop',
    'backup create',
    'backup list',
    'backup verify',
    'backup prune',
    'backup restore',
    'drill',
    'rehearse',
  ]);
});

describe.each(commands)('%s', (path, { text, options }) => {
  test('has an example that can be parsed, and --json', async () => {
    const words = wordsOf(text.example ?? '').slice(1);
    expect(options.map(({ long }) => long)).toContain('--json');
    const program = createProgram();
    const called: string[] = [];
    for (const command of commandsOf(program)) command.action(() => void called.push(pathOf(command)));
    await program.parseAsync([...words, '--json'], { from: 'user' });
    expect(called).toEqual([path]);
  });

  test('describes each option in a sentence', () => {
    expect(options.map(({ description }) => description).filter((description) => !/^[A-Z].*[.)]$/.test(description))).toEqual([]);
  });
});

/** The words of the part of a command line that calls quarterdeck, as a shell would split them. */
function wordsOf(example: string): string[] {
  const own = example.slice(example.search(/(?<=^|\| )quarterdeck /));
  return [...own.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain ?? '');
}
