import { describe, expect, test } from 'vitest';
import { parseRunbook } from '../parse/parse.ts';
import { FaultyDocument } from '../source.ts';
import { type InputSources, type ResolvedInput, resolveInputs } from './inputs.ts';
import { type Plan, makePlan } from './plan.ts';
import { showPlan } from './show.ts';

const input = (name: string, value: string, secret = false): ResolvedInput => ({ name, value, secret, source: '--input' });

function plan(text: string, inputs: ResolvedInput[] = [], children: Record<string, string> = {}): Plan {
  const open = new Map(inputs.filter(({ secret }) => !secret).map(({ name, value }) => [name, value]));
  return makePlan({ runbook: parseRunbook({ file: 'a.md', text }, open), inputs, readChild: (file) => children[file] });
}

const head = `---
lock: "deploy-\${ENV}"
inputs:
  ENV: { enum: [staging, production] }
  TOKEN: { secret: true }
---
`;
const step = (attributes: string, script = 'true') => `\n\`\`\`bash {${attributes}}\n${script}\n\`\`\`\n`;
const inputs = [input('ENV', 'staging'), input('TOKEN', 'correct horse battery', true)];

const whole = `${head}
# Deploy

\`\`\`bash
echo never
\`\`\`

## Before

- [ ] There is room — \`$ check room\`
- [ ] The team knows
${step('name=baseline kind=check capture=baseline')}
## Apply
${step('name=apply approve="release manager"', 'echo "$TOKEN"\nkubectl apply')}${step('undo=apply', 'kubectl undo')}
${step('name=only-there when="ENV == production"')}${step('name=later when="baseline == green" no_undo="it only adds"')}
## Watch
${step('name=watch every=15s for=30m min_requests=200')}
| Metric | Hold | Roll back |
|--------|------|-----------|
| p95_ms | > 1.5x baseline | > 2x baseline and > 100 |
`;

describe('a plan', () => {
  test('says what runs, in order, and what each is', () => {
    const { steps, lock, not_run } = plan(whole, inputs);
    expect(steps.map(({ stage, kind, name, runs }) => [stage, kind, name, runs])).toEqual([
      ['Before', 'check', 'there-is-room', 'yes'],
      ['Before', 'confirmation', 'the-team-knows', 'yes'],
      ['Before', 'check', 'baseline', 'yes'],
      ['Apply', 'change', 'apply', 'yes'],
      ['Apply', 'change', 'only-there', 'no'],
      ['Apply', 'change', 'later', 'unknown'],
      ['Watch', 'check', 'watch', 'yes'],
    ]);
    expect(steps.find(({ name }) => name === 'apply')).toMatchObject({ approve: 'release manager', undo: 'kubectl undo', watch: null });
    expect(steps.at(-1)?.watch).toMatchObject({ every_ms: 15_000, rows: [{ metric: 'p95_ms', roll_back: '> 2x baseline and > 100' }] });
    expect([lock, not_run]).toEqual(['deploy-staging', [10]]);
  });

  test('hides secrets, and never says that anything is well', () => {
    const made = plan(whole, inputs);
    expect(made.inputs).toEqual([
      { name: 'ENV', value: 'staging', source: '--input' },
      { name: 'TOKEN', value: null, source: '--input' },
    ]);
    expect(JSON.stringify(made) + showPlan(made, '/locks')).not.toContain('correct horse');
    expect(showPlan(made, '/locks')).not.toMatch(/\b(ok|passed|fine|success)/i);
  });

  test('is shown for people', () => {
    expect(showPlan(plan(whole, inputs), '/locks').replace(/plan [0-9a-f]{64}/, 'plan HASH')).toMatchInlineSnapshot(`
      "Deploy
      plan HASH

      input ENV = staging (--input)
      input TOKEN = [secret] (--input)
      lock deploy-staging, kept in /locks
      Steps see the variables of whoever runs them, besides their inputs and captures.

      Before
        check there-is-room
            There is room
            $ check room
        confirm the-team-knows
            The team knows
        check baseline
            $ true

      Apply
        change apply (waits for the approval of release manager)
            $ echo "$TOKEN"
            $ kubectl apply
            undo: kubectl undo
        change only-there (skipped: not ENV == production)
            $ true
            undo: none
        change later (only when baseline == green, which is known later)
            $ true
            undo: none, because it only adds

      Watch
        check watch (watch every 15s for 30m)
            $ true
            p95_ms: holds at > 1.5x baseline, is rolled back at > 2x baseline and > 100

      not run: shell fences without attributes in line 10"
    `);
  });

  test('is refused when a step needs what a skipped one would have captured', () => {
    const text = `${head}${step('name=a when="ENV == production" capture=out')}${step('name=b', 'echo "$out"')}`;
    expect(() => plan(text, inputs)).toThrow(FaultyDocument);
    expect(() => plan(text, inputs)).toThrow('a.md:12:1: b uses out, which a would have captured, and that step is skipped.');
    expect(plan(text, [input('ENV', 'production'), ...inputs.slice(1)]).steps).toHaveLength(2);
    expect(plan(text.replace('$out', '${out:-none}'), inputs).steps).toHaveLength(2);
  });

  test('knows the runbooks that steps run, and which of them only the shell knows', () => {
    const text = step(
      'name=a',
      'quarterdeck runbook run --input A=b child.md\nnpx quarterdeck runbook run "$OTHER"\nquarterdeck runbook lint x.md',
    );
    const [{ children } = { children: [] }] = plan(text, [], { 'child.md': 'text' }).steps;
    expect(children).toEqual([
      { file: 'child.md', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { file: null, sha256: null },
    ]);
  });
});

describe('the hash of a plan', () => {
  const { hash } = plan(whole, inputs);

  test.each<[string, () => Plan]>([
    ['the prose', () => plan(whole.replace('# Deploy\n', '# Deploy\n\nMore words.\n'), inputs)],
    ['the value of a secret', () => plan(whole, [input('ENV', 'staging'), input('TOKEN', 'another long secret', true)])],
    ['where a value came from', () => plan(whole, [{ ...input('ENV', 'staging'), source: 'INPUT_ENV' }, ...inputs.slice(1)])],
    ['an illustration', () => plan(whole.replace('echo never', 'echo ever'), inputs)],
  ])('stays with %s', (_what, other) => {
    expect(other().hash).toBe(hash);
  });

  test.each<[string, () => Plan]>([
    ['the script of a step', () => plan(whole.replace('kubectl apply', 'kubectl apply -k .'), inputs)],
    ['the script of an undo', () => plan(whole.replace('kubectl undo', 'kubectl undo now'), inputs)],
    ['an attribute', () => plan(whole.replace('approve="release manager"', 'approve="anybody"'), inputs)],
    ['a limit', () => plan(whole.replace('> 100', '> 1000'), inputs)],
    [
      'the order',
      () => plan(whole.replace('- [ ] The team knows\n', '').replace('- [ ] There', '- [ ] The team knows\n- [ ] There'), inputs),
    ],
    ['an input', () => plan(whole, [input('ENV', 'production'), ...inputs.slice(1)])],
  ])('changes with %s', (_what, other) => {
    expect(other().hash).not.toBe(hash);
  });

  test('changes with a runbook that a step runs', () => {
    const text = step('name=a', 'quarterdeck runbook run child.md');
    expect(plan(text, [], { 'child.md': 'one' }).hash).not.toBe(plan(text, [], { 'child.md': 'two' }).hash);
  });
});

describe('inputs', () => {
  const declared = parseRunbook({
    file: 'a.md',
    text: '---\ninputs:\n  ENV: { enum: [staging, production], description: where }\n  URL: { pattern: "^https://", default: "https://a" }\n  TOKEN: { secret: true }\n---\n',
  }).front.inputs;
  const nowhere: InputSources = {
    given: new Map(),
    file: undefined,
    environment: {},
    readSecretFile: (path) => {
      throw new Error(`there is no ${path}`);
    },
  };
  const resolve = (sources: Partial<InputSources>) => resolveInputs(declared, { ...nowhere, ...sources });

  test('come from the first place that has them, which is told', () => {
    const file = { name: 'inputs.yaml', values: new Map([['ENV', 'staging']]) };
    const environment = { INPUT_ENV: 'staging', INPUT_URL: 'https://b', TOKEN: 'a long secret' };
    const found = (sources: Partial<InputSources>) => resolve(sources).inputs.map(({ name, value, source }) => [name, value, source]);
    expect(found({ given: new Map([['ENV', 'production']]), file, environment })).toEqual([
      ['ENV', 'production', '--input'],
      ['URL', 'https://b', 'INPUT_URL'],
      ['TOKEN', 'a long secret', 'TOKEN'],
    ]);
    expect(found({ file, environment: {} })).toEqual([
      ['ENV', 'staging', 'inputs.yaml'],
      ['URL', 'https://a', 'default'],
    ]);
  });

  test('that are secret come from a file too, and may be asked for', () => {
    expect(resolve({ environment: { TOKEN_FILE: '/run/token' }, readSecretFile: () => 'a long secret\n' }).inputs).toContainEqual({
      name: 'TOKEN',
      value: 'a long secret',
      secret: true,
      source: 'TOKEN_FILE',
    });
    expect(resolve({}).missingSecrets).toEqual(['TOKEN']);
  });

  test('that are secret and have an empty default are not missed, and are as long as others when they are there', () => {
    const { inputs: optional } = parseRunbook({ file: 'a.md', text: "---\ninputs:\n  URL: { secret: true, default: '' }\n---\n" }).front;
    expect(resolveInputs(optional, nowhere)).toMatchObject({
      inputs: [{ name: 'URL', value: '', secret: true, source: 'default' }],
      missingSecrets: [],
      problems: [],
    });
    expect(resolveInputs(optional, { ...nowhere, environment: { URL: 'short' } }).problems).toHaveLength(1);
    expect(() => parseRunbook({ file: 'a.md', text: '---\ninputs:\n  URL: { secret: true, default: known }\n---\n' })).toThrow(
      /cannot have a default/,
    );
  });

  test.each<[string, Partial<InputSources>, string]>([
    ['a value is missing', {}, 'ENV has no value (where): give it with --input ENV=…'],
    [
      'a value is not allowed',
      { given: new Map([['ENV', 'test']]) },
      'ENV must be one of staging, production, and "test" does not. (from --input)',
    ],
    [
      'a value does not match',
      { environment: { INPUT_URL: 'http://a' } },
      'URL must match ^https://, and "http://a" does not. (from INPUT_URL)',
    ],
    ['there is no such input', { given: new Map([['EVN', 'x']]) }, '--input gives EVN, which is no input: its inputs are ENV, URL, TOKEN.'],
    [
      'a secret would be seen',
      { given: new Map([['TOKEN', 'a long secret']]) },
      'TOKEN is a secret, and would be seen in the list of processes or stay in a file: set TOKEN, or TOKEN_FILE to a file that has it.',
    ],
    [
      'a secret is too short',
      { environment: { TOKEN: 'short' } },
      'TOKEN is shorter than 8 characters, so it could not be cut out of what steps print: use a longer secret. (from TOKEN)',
    ],
    ['the file of a secret is not there', { environment: { TOKEN_FILE: '/nowhere' } }, 'TOKEN_FILE cannot be read: there is no /nowhere.'],
  ])('are refused when %s', (_what, sources, problem) => {
    expect(resolve(sources).problems).toContain(problem);
  });
});
