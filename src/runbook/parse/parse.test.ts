import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Runbook, Step } from '../document.ts';
import { FaultyDocument } from '../source.ts';
import { parseRunbook, readRunbook } from './parse.ts';

const parse = (text: string, values?: Record<string, string>): Runbook =>
  parseRunbook({ file: 'deploy.md', text }, values === undefined ? undefined : new Map(Object.entries(values)));

/** Each fault as `line:column message`. */
const faults = (text: string, values?: Record<string, string>): string[] =>
  readRunbook({ file: 'deploy.md', text }, values === undefined ? undefined : new Map(Object.entries(values))).faults.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );

function steps(runbook: Runbook): Step[] {
  return runbook.stages.flatMap(({ items }) => items.filter((item) => item.type === 'step'));
}

const fence = (info: string, text: string) => `\`\`\`${info}\n${text}\n\`\`\`\n`;
const step = (attributes: string, text = 'true') => fence(`bash {${attributes}}`, text);

const deploy = `---
title: Deploy to Kubernetes, rolling
owner: platform team
lock: "deploy-\${ENVIRONMENT}"
inputs:
  ENVIRONMENT: { description: which overlay to apply, enum: [staging, production] }
  BASE_URL: { description: public address, pattern: '^https://' }
  TOKEN: { secret: true }
requires: { kubectl: ">=1.28" }
notify:
  - { on: [waiting, rolled_back, failed], to: webhook, url_env: OPS_WEBHOOK_URL }
---

# Deploy to Kubernetes, rolling

Some words that nobody runs:

\`\`\`bash
kubectl get pods
\`\`\`

## Before

- [ ] The cluster has room — \`$ check room --spare 1\`
- [ ] The team knows about the window

${fence('bash {name=baseline kind=check capture=baseline}', 'quarterdeck measure --json')}
## Apply

${fence('bash {name=apply timeout=5m approve="release manager"}', 'kubectl apply -k "overlays/$ENVIRONMENT"')}
${fence('output', '...\nsuccessfully rolled out')}
${fence('expect', 'stderr empty\nexit 0')}
To undo it, go back:

${fence('bash {undo=apply}', 'kubectl rollout undo deployment/quarterdeck')}
## Watch

${fence('bash {name=watch every=15s for=30m min_requests=200 hold_max=15m hold_then=rollback}', 'quarterdeck measure --json')}
| Metric     | Hold            | Roll back     |
|------------|-----------------|---------------|
| error_rate | > 0.5%          | > 1%          |
| p95_ms     | > 1.5x baseline | > 2x baseline |
| restarts   |                 | > 3 in 5m     |
`;

describe('a runbook', () => {
  test('is its stages, with what each holds in the order of the text', () => {
    const { title, stages, undos, illustrations, front } = parse(deploy);
    expect(title).toBe('Deploy to Kubernetes, rolling');
    expect(stages.map((stage) => [stage.title, stage.items.map(({ type, name }) => `${type} ${name}`)])).toEqual([
      ['Before', ['check the-cluster-has-room', 'confirmation the-team-knows-about-the-window', 'step baseline']],
      ['Apply', ['step apply']],
      ['Watch', ['step watch']],
    ]);
    expect([...undos.keys()]).toEqual(['apply']);
    expect(illustrations).toEqual([{ line: 18, column: 1 }]);
    expect(front.inputs['ENVIRONMENT']).toMatchObject({ enum: ['staging', 'production'], secret: false });
    expect(front.requires).toEqual({ kubectl: { version: '>=1.28', command: undefined } });
  });

  test('has steps with defaults that follow from their kind', () => {
    const [baseline, apply] = steps(parse(deploy));
    expect(baseline).toMatchObject({
      kind: 'check',
      resume: { how: 'rerun' },
      timeoutMs: 600_000,
      capture: { name: 'baseline', secret: false },
    });
    expect(apply).toMatchObject({
      kind: 'change',
      resume: { how: 'ask' },
      timeoutMs: 300_000,
      approve: 'release manager',
      capture: undefined,
    });
    expect(apply?.expectations.map(({ kind, text }) => [kind, text])).toEqual([
      ['output', '...\nsuccessfully rolled out'],
      ['assertion', 'stderr empty'],
      ['assertion', 'exit 0'],
    ]);
  });

  test('has checks that say what they are about and what they run', () => {
    const [check] = parse(deploy).stages[0]?.items ?? [];
    expect(check).toMatchObject({
      type: 'check',
      text: 'The cluster has room',
      script: 'check room --spare 1',
      place: { line: 24, column: 1 },
    });
  });

  test('has watches with limits', () => {
    const [, , watch] = steps(parse(deploy));
    expect(watch?.watch).toMatchObject({
      everyMs: 15_000,
      forMs: 1_800_000,
      minRequests: 200,
      noData: 'hold',
      holdMaxMs: 900_000,
      holdThen: 'rollback',
    });
    expect(
      watch?.watch?.rows.map(({ metric, hold, rollBack }) => [metric, hold.map(({ text }) => text), rollBack.map(({ text }) => text)]),
    ).toEqual([
      ['error_rate', ['> 0.5%'], ['> 1%']],
      ['p95_ms', ['> 1.5x baseline'], ['> 2x baseline']],
      ['restarts', [], ['> 3 in 5m']],
    ]);
  });

  test('takes the values of its inputs into attributes, expectations and tables, and leaves the script to the shell', () => {
    const text = `---\ninputs: { FOR: {}, LIMIT: {}, WHO: {} }\n---\n${step('name=a every=1s for=${FOR} approve="${WHO}"', 'echo ${FOR}')}
| Metric | Roll back |
|--------|-----------|
| rate   | > \${LIMIT} |
`;
    const [read] = steps(parse(text, { FOR: '2m', LIMIT: '3%', WHO: 'Ada' }));
    expect(read).toMatchObject({
      approve: 'Ada',
      script: 'echo ${FOR}',
      watch: { forMs: 120_000, rows: [{ rollBack: [{ bound: 0.03 }] }] },
    });
    expect(faults(text)).toEqual([]);
    expect(faults(text, { FOR: 'long', LIMIT: 'much', WHO: 'Ada' })).toEqual([
      '4:26 for="long" is no time.',
      '10:12 "> much" is not a limit.',
    ]);
  });

  test('may use tilde fences, and attributes of Runme that change nothing', () => {
    const text = '~~~sh {name=a}\ntrue\n~~~\n\n~~~sh {undo=a excludeFromRunAll=true}\ntrue\n~~~\n';
    expect(steps(parse(text))).toMatchObject([{ name: 'a', language: 'sh' }]);
  });

  test('without a heading is one stage with the title of the document', () => {
    expect(parse(`# Small\n\n${step('name=a')}`).stages).toMatchObject([{ title: 'Small', items: [{ name: 'a' }] }]);
  });

  test('is what is written and nothing else: other fences never run', () => {
    const text = `${fence('bash', 'rm -rf /')}${fence('yaml', 'a: 1')}${fence('bash {run=never}', 'true')}    rm -rf /\n`;
    expect(parse(text)).toMatchObject({ stages: [], illustrations: [{ line: 1 }] });
  });
});

const watching = (table: string) => `${step('name=w every=1s for=1m')}\n${table}`;

test('the example of the documentation can be planned', async () => {
  const page = await readFile(new URL('../../../docs/runbooks.md', import.meta.url), 'utf8');
  const [, example = ''] = /````markdown\n([\s\S]*?)````/.exec(page) ?? [];
  expect(faults(example)).toEqual([]);
  expect(steps(parse(example)).map(({ name }) => name)).toEqual(['baseline', 'apply', 'watch']);
});

describe('is refused with its place', () => {
  test.each<[string, string, string[]]>([
    ['an unknown attribute', step('name=a colour=red'), ['1:17 A step has no attribute colour.']],
    ['an attribute of a watch on a step', step('name=a warmup=1m'), ['1:17 A step has no attribute warmup.']],
    ['an attribute twice', step('name=a name=b'), ['1:17 The attribute name stands here twice.']],
    ['an attribute without a value', step('name=a kind'), ['1:17 The attribute kind has no value.']],
    ['a quote inside of a value', step('name=a approve="the "boss""'), ['1:17 "approve=\\"the" is not an attribute.']],
    ['a brace that is not closed', fence('bash {name=a', 'true'), ['1:9 The brace is not closed.']],
    ['words after the brace', fence('bash {name=a} here', 'true'), ['1:17 "here" stands after the attributes.']],
    ['a name that is none', step('name=a/b'), ['1:10 "a/b" cannot be the name of a step.']],
    ['a name used twice', `${step('name=a')}${step('name=a')}`, ['4:1 There is a step a in line 1 already.']],
    ['neither name nor undo', step('kind=check'), ['1:1 It has neither name nor undo.']],
    ['name and undo', step('name=a undo=a'), ['1:1 It has name and undo, and is one of the two.']],
    ['attributes on another language', fence('python {name=a}', 'pass'), ['1:1 A fence of python cannot run.']],
    ['an undo of nothing', `${step('name=a')}${step('undo=b')}`, ['4:1 There is no step b to undo.']],
    ['two undos of one step', `${step('name=a')}${step('undo=a')}${step('undo=a')}`, ['7:1 The step a has an undo in line 4 already.']],
    ['an undo of a check', `${step('name=a kind=check')}${step('undo=a')}`, ['4:1 a is a check, which changes nothing.']],
    [
      'an undo beside the reason why there is none',
      `${step('name=a no_undo="too late"')}${step('undo=a')}`,
      ['1:1 a says that it has no undo, and has one in line 4.'],
    ],
    ['a time that is none', step('name=a timeout=soon'), ['1:17 timeout="soon" is no time.']],
    ['a choice that is none', step('name=a kind=maybe'), ['1:17 kind="maybe" is none of the values that it may have.']],
    ['a condition that is none', step('name=a when="X is y"'), ['1:17 when="X is y" is not a condition.']],
    ['a condition on something unknown', step('name=a when="X == y"'), ['1:1 X is no input, and nothing before this captures it.']],
    ['a capture with a reserved name', step('name=a capture=PATH'), ['1:17 PATH cannot be a capture: it decides how programs run.']],
    [
      'a secret that would be lost',
      step('name=a capture_secret=token'),
      ['1:17 A secret is never written down, so its step runs again when the run is resumed.'],
    ],
    ['a probe that is no check', `${step('name=b')}${step('name=a resume=probe=b')}`, ['4:1 probe names b, which is not a check step.']],
    [
      'a fence that is none, because of a backtick',
      step('name=a no_undo="see `that`"'),
      ['1:1 This is no step: the first line of a fence of backticks has none in it.'],
    ],
    ['output that follows no step', fence('output', 'x'), ['1:1 The fence output follows no step.']],
    ['output after a paragraph', `${step('name=a')}\nThen:\n\n${fence('output', 'x')}`, ['7:1 The fence output follows no step.']],
    [
      'an assertion that is none',
      `${step('name=a')}${fence('expect', 'exit 0\nstdout is fine')}`,
      ['6:1 "stdout is fine" is not an assertion.'],
    ],
    [
      'a pattern that is none',
      `${step('name=a')}${fence('output', 'ok\n*( (re)')}`,
      ['6:1 The line ends in (re) and is not a regular expression.'],
    ],
    [
      'an expectation of something captured later',
      `${step('name=a')}${fence('expect', 'stdout contains ${later}')}${step('name=b capture=later')}`,
      ['5:1 later is no input, and nothing before this captures it.'],
    ],
    [
      'an expectation that would show a secret',
      `---\ninputs: { TOKEN: { secret: true } }\n---\n${step('name=a')}${fence('expect', 'stdout contains ${TOKEN}')}`,
      ['8:1 TOKEN is a secret, and an expectation would show it.'],
    ],
    [
      'a decision table that follows no watch',
      `${step('name=a')}\n| Metric | Hold |\n|--|--|\n| a | > 1 |\n`,
      ['5:1 The decision table follows no watch.'],
    ],
    ['a watch without a table', step('name=w every=1s for=1m'), ['1:1 The watch w has no decision table.']],
    ['a cell that cannot be read', watching('| Metric | Hold |\n|--|--|\n| a | high |\n'), ['7:7 "high" is not a limit.']],
    [
      'a column that decides nothing',
      watching('| Metric | Panic |\n|--|--|\n| a | > 1 |\n'),
      ['5:12 A decision table has no column "Panic" here.'],
    ],
    ['a metric twice', watching('| Metric | Hold |\n|--|--|\n| a | > 1 |\n| a | > 2 |\n'), ['8:3 The metric a has two rows.']],
    [
      'a baseline that nothing captured',
      watching('| Metric | Hold |\n|--|--|\n| a | > 2x base |\n'),
      ['7:3 Nothing before the watch captures base.'],
    ],
    ['a ticked item', '- [x] done\n', ['1:1 The item is ticked in the file.']],
    ['a step in a quote', `> ${step('name=a').replaceAll('\n', '\n> ')}`, ['1:3 A step cannot stand in a quote.']],
    ['a step in a list', `- do this:\n\n  ${step('name=a').replaceAll('\n', '\n  ')}`, ['3:3 A step cannot stand in a list.']],
    ['a step in raw HTML', `<details>\n${step('name=a')}</details>\n`, ['1:1 A step cannot stand in raw HTML.']],
    [
      'front matter that is not YAML',
      '---\ntitle: [a\n---\n',
      ['3:1 The front matter is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ].'],
    ],
    [
      'a required version that is no range',
      "---\nrequires:\n  kubectl: '>=1.28'\n  helm: latest\n---\n",
      [`4:3 In the front matter, requires.helm.version: "latest" is not a range of versions, such as '>=1.28' or '^3.12'.`],
    ],
    [
      'a required version that YAML takes for a number',
      '---\nrequires: { node: 1.10 }\n---\n',
      [`2:13 In the front matter, requires.node.version: needs a range of versions in quotes, such as '>=1.28'.`],
    ],
    [
      'a required program without a version',
      "---\nrequires: { node: '' }\n---\n",
      [`2:13 In the front matter, requires.node.version: "" is not a range of versions, such as '>=1.28' or '^3.12'.`],
    ],
    [
      'a required program that is a command line',
      "---\nrequires: { 'a b': '*' }\n---\n",
      ['2:13 In the front matter, requires.a b: is not the name of a program.'],
    ],
    ['an unknown key in front matter', '---\ntitle: a\ncolour: red\n---\n', ['3:1 The front matter has no colour.']],
    ['an unknown key of an input', '---\ninputs:\n  A: { typ: x }\n---\n', ['3:8 The front matter has no typ in inputs.A.']],
    [
      'an input that decides how programs run',
      '---\ninputs:\n  LD_PRELOAD: {}\n---\n',
      ['3:3 LD_PRELOAD cannot be an input: it decides how programs run.'],
    ],
    [
      'a default that is not allowed',
      '---\ninputs:\n  A: { enum: [x], default: y }\n---\n',
      ['3:3 The default of A is none of the values that it may have.'],
    ],
  ])('%s', (_what, text, expected) => {
    expect(faults(text)).toEqual(expected);
  });

  test('everything at once, each with the line and a caret', () => {
    const error = (() => {
      try {
        return parse(`${step('name=a colour=red')}\n${step('name=a')}`);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(FaultyDocument);
    expect((error as FaultyDocument).message).toBe(
      [
        'deploy.md:1:17: A step has no attribute colour. It may have name, kind, approve, capture, capture_secret, no_undo, resume, timeout, retry, retry_every, when, cwd, run, excludeFromRunAll.',
        '  ```bash {name=a colour=red}',
        '                  ^',
        'deploy.md:5:1: There is a step a in line 1 already. Give each step a name of its own.',
        '  ```bash {name=a}',
        '  ^',
      ].join('\n'),
    );
  });
});

const words = fc.constantFrom(
  '# T',
  '## S',
  '```bash {name=a}',
  '```bash {undo=a',
  '```',
  '~~~',
  '> ',
  '- [ ] x `$ y`',
  '- [x]',
  '| Metric | Hold |',
  '|--|--|',
  '| a | > 1% |',
  '---',
  'inputs:',
  '```output',
  '(re)',
  '{',
  '}',
  '${X}',
  '"',
  '<!--',
  '\t',
  '\r\n',
  '\u0000',
  '',
);

test('random Markdown is read without an error of ours, whatever it is', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 40 }), (lines) => {
      const { runbook, faults: found } = readRunbook({ file: 'random.md', text: lines.join('\n') });
      expect(runbook.stages.length).toBeLessThanOrEqual(lines.length + 1);
      for (const { line, column } of found) expect([line > 0, column > 0]).toEqual([true, true]);
    }),
    { numRuns: 1_000 },
  );
});
