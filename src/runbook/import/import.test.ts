import { describe, expect, test } from 'vitest';
import { describeDraft } from './describe.ts';
import { importRunbook } from './import.ts';

const draft = (text: string) => importRunbook({ file: 'a.md', text });

/** The draft without its head. */
function body(text: string): string {
  return draft(text).replace(/^---\n[\s\S]*?\n---\n\n?/, '');
}

const sh = (script: string, language = 'bash') => `\`\`\`${language}\n${script}\n\`\`\`\n`;

describe('steps', () => {
  test('are named by their comment, what announces them, their heading, or their command', () => {
    const text = `# Shop\n\n## 2. Apply the schema\n\n${sh('alembic upgrade head')}\n## Image\n\nBuild the image:\n\n${sh('docker build .')}\n${sh('# 1. Tag it (once)\ndocker tag a b\n\n# 2. Push\ndocker push b')}\n## 3.\n\n${sh('npm run lint')}\n${sh('set -e\nkubectl apply -n a -f k8s/web.yaml')}`;
    expect(describeDraft({ file: 'a.md', text: draft(text) }).steps.map(({ name }) => name)).toEqual([
      'apply-schema',
      'build-image',
      'tag-it',
      'push',
      'npm-run-lint',
      'kubectl-apply-web',
    ]);
  });

  test('have a name that no other step and no item of a checklist has', () => {
    const text = `# A\n\n- [ ] Push\n- [ ] Push\n\n${sh('# Push\ngit push')}\n${sh('# Push\ngit push')}\n${sh('# Push 2\ngit push')}`;
    expect(describeDraft({ file: 'a.md', text: draft(text) }).steps.map(({ name }) => name)).toEqual([
      'push-step-2',
      'push-step-3',
      'push-2-2',
    ]);
  });

  test('are checks only where every command surely reads', () => {
    const kinds = (script: string) => describeDraft({ file: 'a.md', text: draft(sh(script)) }).steps.map(({ kind }) => kind);
    for (const script of [
      'kubectl get pods | grep shop',
      'curl -fsS https://shop.test/health | jq .',
      `psql "$URL" -c 'select 1'`,
      'kubectl exec deploy/shop -- alembic current',
      'python -m alembic current 2>/dev/null',
      'aws s3 ls s3://b --region eu',
      'if ! systemctl is-active --quiet shop; then exit 1; fi',
    ])
      expect([script, ...kinds(script)]).toEqual([script, 'check']);
    for (const script of [
      'kubectl get pods > pods.txt',
      'curl -d a https://shop.test/',
      'curl -O https://shop.test/a',
      `psql "$URL" -c 'delete from a'`,
      `psql "$URL" -c 'select 1; drop table a'`,
      'kubectl exec deploy/shop -- alembic upgrade head',
      'kubectl get pods && ./deploy.sh',
      'sed -i s/a/b/ c',
      'echo $(rm a)',
      '"$TOOL" get',
    ])
      expect([script, ...kinds(script)]).toEqual([script, 'change']);
  });

  test('of a script that shares variables or functions stay together', () => {
    expect(body(sh('# One\nA=1\n\n# Two\necho "$A"\n\n# Three\nls'))).toBe(
      '```bash {name=one kind=check}\n# One\nA=1\n\n# Two\necho "$A"\n```\n\n```bash {name=three kind=check}\n# Three\nls\n```\n',
    );
  });

  test('keep the folder that a cd went to', () => {
    const text = body(`${sh('cd web\nnpm ci\n\n# Test it\nnpm test\n\n# Up\ncd ..\nmake')}\n${sh('ls')}`);
    expect(text).toContain('cwd=web}\nnpm ci\n```');
    expect(text).toContain('{name=test-it cwd=web}');
    expect(text).toContain('{name=up}\n# Up\nmake\n');
    expect(body(`${sh('cd web\nnpm ci')}\n${sh('ls')}`)).toContain('is in `web` from here on');
  });

  test('move out of a list where what follows them stays what it is', () => {
    const text = '1. Pull:\n   ```bash\n   git pull\n   ```\n2. Look:\n   ```bash\n   git log -1\n   ```\n\n   - deeper\n';
    expect(body(text)).toBe(
      '1. Pull:\n```bash {name=pull}\ngit pull\n```\n2. Look:\n```bash {name=look kind=check}\ngit log -1\n```\n\n   - deeper\n',
    );
    expect(body('1. A\n   - b\n     ```bash\n     ls\n     ```\n\n     more\n')).toContain('     ```bash {run=never}\n     ls\n');
  });
});

describe('commands in numbered items', () => {
  test('become steps below the words', () => {
    const text = '1. `kubectl apply -f web.yaml`\n2. Ask it: `curl https://a.test/version | jq .version` returns `"v2"`\n3. Done\n';
    expect(body(text)).toBe(
      '1. Run:\n\n```bash {name=kubectl-apply-web}\nkubectl apply -f web.yaml\n```\n\n' +
        '2. Ask it: returns `"v2"`\n\n```bash {name=ask-it kind=check}\ncurl https://a.test/version | jq .version\n```\n\n' +
        '```expect\nstdout contains v2\n```\n\n3. Done\n',
    );
  });

  test.each([
    '1. Never run `kubectl delete ns a`\n',
    '1. The option of `git push origin`\n',
    '- Then: `git push origin`\n',
    '1. The `image: a`\n',
    '> 1. `git push origin`\n',
  ])('stay where they are mentioned: %s', (text) => {
    expect(body(text)).toBe(text);
  });

  test('stay in sections that do not run', () => {
    expect(body('1. Do it:\n   `git push a` - b\n')).toContain('1. Do it:\n   Run: - b\n\n```bash {name=do-it}');
    expect(body('## Incident\n\n1. `git push origin`\n')).toBe('## Incident\n\n1. `git push origin`\n');
  });
});

test('what people do in a numbered list is asked about, as a run would not wait for them', () => {
  const text = body('1. Go to the console\n2. `git push origin`\n3. Click **Run**\n4. The end\n');
  expect(text).toMatch(/^> \*\*TODO\(runbook\):\*\* people do “Go to the console”, “Click Run”, and a run goes on/);
  for (const other of ['- Go to the console\n', '1. Post-mortems\n', '## Rollback\n\n1. Go to the console\n'])
    expect(body(other)).toBe(other);
});

test('a message to be sent is an item and a text', () => {
  expect(body(sh('# Post in Slack:\n"It begins\nnow"\n\n# List\nls'))).toBe(
    '- [ ] Post in Slack:\n\n```text\nIt begins\nnow\n```\n\n```bash {name=list kind=check}\n# List\nls\n```\n',
  );
});

test('what is done only if something is so is asked about', () => {
  expect(body(`If a pod is sick, replace the pod:\n\n${sh('make pod')}`)).toMatch(
    /TODO\(runbook\):\*\* “If a pod is sick.*\n\n```bash \{name=replace-pod\}/,
  );
});

test('a variable that is all that a step sets is its capture', () => {
  const text = draft(`${sh('# Find it\nPOD=$(kubectl get pod -o name | head -1)\n\n# Rest\nls')}\n${sh('kubectl logs "$POD"')}`);
  expect(text).toContain('{name=find-it kind=check capture=POD}\n# Find it\nkubectl get pod -o name | head -1\n```');
  expect(describeDraft({ file: 'a.md', text }).inputs).toEqual([]);
  for (const script of ['A=$(b)c', 'A=$(b) c', 'A=$(b) | c', 'A=($(b))', 'A=$(b); c', 'TOKEN=$(b)', 'A="$(b)$(c)"'])
    expect(draft(sh(script))).not.toContain('capture=');
});

describe('what cannot run by itself', () => {
  test.each([
    ['vim values.yaml', '`vim` needs a person'],
    ['kubectl exec -it shop-0 -- sh', '`kubectl exec -it` needs a person'],
    ['psql "$URL"', '`psql without -c` needs a person'],
    ['tail -f log', '`tail -f` does not come back'],
    ['watch kubectl get pods', '`watch` does not come back'],
    ['"The deployment begins,\nwatch out"', 'this is a sentence'],
    ['echo "a', 'this is no shell script'],
    ['# Remove it (after 24h)\nrm a', 'the comment says “after 24h”'],
  ])('%s never runs, and it says why', (script, why) => {
    const text = body(sh(script));
    expect(text).toContain(`> **TODO(runbook):** ${why}`);
    expect(text).toContain(`\`\`\`bash {run=never}\n${script}\n`);
  });

  test('is left as it is in sections about trouble and in appendices, with one question for each', () => {
    const text = `# Shop\n\n## Deploy\n\n${sh('make deploy')}\n## Troubleshooting\n\n### Slow\n\n${sh('docker restart <name>')}\n### Gone\n\n${sh('make again')}`;
    expect(body(text).match(/TODO\(runbook\)/g)).toHaveLength(1);
    expect(body(text)).toContain('```bash {run=never}\ndocker restart <name>\n');
    expect(describeDraft({ file: 'a.md', text: draft(text.replace('# Shop', '# Troubleshooting')) }).steps).toHaveLength(3);
  });

  test('a comment without a command is an item for a person, or a text', () => {
    expect(body(sh('ls\n\n# Check Grafana:\n# - errors\n# - `$ rm a`'))).toContain('- [ ] Check Grafana: errors; \\`$ rm a\\`\n');
    expect(body(sh('ls\n\n# Causes:\n# - errors'))).toContain('```text\nCauses:\n- errors\n```');
  });

  test.each(['python', 'yaml', ''])('a fence of %s stays', (language) => {
    expect(body(sh('import os\nprint(1)', language))).toBe(sh('import os\nprint(1)', language));
  });
});

describe('what is expected', () => {
  test('becomes assertions where it can be read as some', () => {
    const text = body(
      sh(
        'curl -f a\n# Expected: {"a": {"b": [1]}, "c": null}\nls\n# should return 3 lines\ncat a # → ready\necho b\n# Expected: 200 OK with a token',
      ),
    );
    expect(text).toContain('```expect\njson .a.b[0] == 1\njson .c == null\n```');
    expect(text).toContain('```bash {name=ls kind=check}\nls\n```\n\n```expect\nlines == 3\n```');
    expect(text).toContain('cat a\n');
    expect(text).toContain('“200 OK with a token” is expected here.');
  });

  test('as lines becomes the output, as does what a session shows', () => {
    const output = '```output\na\nb\n```';
    expect(body(sh('ls\n# Expected output:\n# a\n# b'))).toContain(output);
    expect(body(sh('$ ls\na\nb\n$ pwd', 'console'))).toContain(output);
    expect(body(`${sh('ls')}\n${sh('a\nb', 'output')}`)).toContain(output);
    expect(body(`Text.\n\n${sh('a', 'output')}`)).toContain('```text\na\n');
    expect(body(`${sh('vim a')}\n${sh('a', 'output')}`)).toContain('```text\na\n');
    // Names in braces would be replaced, and nothing gives these a value.
    expect(body(`${sh('ls\n# Expected: "${A}"')}\n${sh('${A}', 'output')}`)).not.toMatch(/```(?:expect|output)/);
  });
});

describe('alternatives', () => {
  test('after # or are chosen by an input', () => {
    const text = draft(sh('# Stop it\ndocker stop shop\n# or\nsudo systemctl stop shop'));
    expect(text).toContain('STOP_IT_METHOD: { description: "which way: Stop it", enum: [ docker, systemctl ] }');
    expect(text).toContain('{name=stop-it when="STOP_IT_METHOD == docker"}\n# Stop it\ndocker stop shop\n```');
    expect(text).toContain('{name=stop-it-systemctl when="STOP_IT_METHOD == systemctl"}\n# or\nsudo systemctl stop shop\n```');
  });

  test.each([
    ['### Option A: With Docker', '### Option B: Directly', 'docker', 'directly'],
    ['**Option 1: Docker**', '**Option 2: Direct**', 'docker', 'direct'],
    ['### Deploy', '### By hand (Alternative)', 'deploy', 'by-hand'],
    ['### Staging deploy', '### Production deploy', 'staging', 'production'],
  ])('under %s and %s too', (first, second, one, other) => {
    const text = draft(`# Shop\n\n## Go\n\n${first}\n\n${sh('make a')}\n${second}\n\n${sh('make b')}`);
    const [input] = describeDraft({ file: 'a.md', text }).inputs;
    expect(input?.values).toEqual([one, other]);
    expect(text).toContain(`when="${input?.name ?? ''} == ${other}"}\nmake b`);
  });

  test('what is done if needed is asked for', () => {
    expect(draft(`## Migrate (if needed)\n\n${sh('make migrate')}`)).toContain('{name=migrate when="MIGRATE == yes"}');
  });
});

describe('placeholders', () => {
  test.each([
    ['kubectl logs <pod-name>', 'kubectl logs "$POD_NAME"', 'POD_NAME'],
    ['curl "https://{{ host }}/a"', 'curl "https://$HOST/a"', 'HOST'],
    [`curl -d '{"a": "YOUR_NAME"}' b`, `curl -d '{"a": "'"$NAME"'"}' b`, 'NAME'],
    ['docker pull ghcr.io/your-org/shop', 'docker pull "ghcr.io/$ORG/shop"', 'ORG'],
    ['curl https://api.example.com/v1', 'curl "https://$API_HOST/v1"', 'API_HOST'],
    ['b "..."', 'b "..."', undefined],
    ['a --password="..."', 'a --password="$PASSWORD"', 'PASSWORD'],
    ['echo "$NEW_THING"', 'echo "$NEW_THING"', 'NEW_THING'],
    ['mail you@example.com', 'mail you@example.com', undefined],
    ['echo "$HOME" ${A:-b} $?', 'echo "$HOME" ${A:-b} $?', undefined],
    ['A=1; for b in c; do echo $A $b; done', 'A=1; for b in c; do echo $A $b; done', undefined],
    ['echo <path>', 'echo "$PATH_VALUE"', 'PATH_VALUE'],
    ['ls # <name>', 'ls # <name>', undefined],
  ])('%s', (script, expected, input) => {
    const text = draft(sh(script));
    const names = describeDraft({ file: 'a.md', text }).inputs.map(({ name }) => name);
    expect(names).toEqual(input === undefined ? [] : [input]);
    expect(text).toContain(`\n${expected}\n\`\`\``);
  });

  test('dots are named by what they are given to', () => {
    expect(draft(sh('a --url="..." --tag="..."'))).toContain('a --url="$URL" --tag="$TAG"');
  });

  test('are secret by their names', () => {
    const { inputs } = describeDraft({
      file: 'a.md',
      text: draft(sh('a "$API_TOKEN" "$DATABASE_URL" "$PUBLIC_KEY" "$NAME" "$db_password"')),
    });
    expect(inputs.filter(({ secret }) => secret).map(({ name }) => name)).toEqual(['API_TOKEN', 'DATABASE_URL', 'db_password']);
  });

  test('a variable of an earlier step is an input with its value, or is to be captured', () => {
    const text = draft(`${sh('A=1\nB=$(date)\necho "$A$B"')}\n${sh('echo "$A"')}\n${sh('echo "$B"')}`);
    expect(text).toContain('A: { description: set by an earlier step as well, default: "1" }');
    expect(text).toContain('`B` is set by an earlier step, whose variables end with it. Give that step capture=B');
  });
});

describe('ways back', () => {
  test('undo the one step that does what they take back', () => {
    const text = body(
      `# Shop\n\n## Apply\n\n${sh('alembic upgrade head')}\n## Make\n\n${sh('make')}\n## Rollback\n\n${sh('python -m alembic downgrade -1')}\n${sh('alembic downgrade base')}`,
    );
    expect(text).toContain('```bash {undo=apply excludeFromRunAll=true}\npython -m alembic downgrade -1\n```');
    // A step has one undo.
    expect(text).toContain('```bash {run=never}\nalembic downgrade base\n```');
  });

  test('undo the one change beside them', () => {
    const text = body(`# Shop\n\n## Apply\n\n${sh('make deploy')}\n### Rollback\n\n${sh('make old')}`);
    expect(text).toContain('```bash {undo=apply excludeFromRunAll=true}\nmake old\n```');
  });

  test('never run where that is not certain', () => {
    const text = body(
      `# Shop\n\n## A\n\n${sh('alembic upgrade 1')}\n## B\n\n${sh('alembic upgrade 2')}\n## Rollback\n\n${sh('alembic downgrade -1')}`,
    );
    expect(text).toContain('> **TODO(runbook):** this goes back, and it is not certain from which step.');
    expect(text).toContain('```bash {run=never}\nalembic downgrade -1\n```');
  });
});

describe('the text around', () => {
  test('stays byte for byte, also with CRLF and a byte order mark', () => {
    const text = '\uFEFF# A  \r\n\r\nText\tand *more*\r\n\r\n```bash\r\nls\r\n```\r\n\r\n| a |\r\n|--|\r\n';
    expect(draft(text)).toBe(`\uFEFF---\r\ntitle: A\r\n---\r\n\r\n${text.slice(1).replace('```bash', '```bash {name=ls kind=check}')}`);
  });

  test('keeps front matter, and what this format has no place for as YAML below it', () => {
    expect(draft('---\nowner: me # us\n---\n# A\n')).toBe('---\nowner: me # us\ntitle: A\n---\n\n# A\n');
    expect(draft('---\ntitle: B\ntags: [a]\n---\n# A\n')).toBe('---\ntitle: B\n---\n\n```yaml\ntags: [ a ]\n```\n\n# A\n');
    expect(draft('---\n# A\n---\nText\n')).toBe('---\ntitle: A\n---\n\n---\n# A\n---\nText\n');
  });

  test('boxes are empty, and thresholds are asked about', () => {
    expect(body('Done:\n- [x] This\n')).toMatch(/^Done:\n\n> .*\n\n- \[ \] This\n$/);
    expect(body('- [x] Done\n- [ ] Open\n')).toMatch(/^> \*\*TODO\(runbook\):\*\* an item was ticked.*\n\n- \[ \] Done\n- \[ \] Open\n$/);
    expect(body('| Metric | Limit |\n|---|---|\n| a | 1 |\n')).toContain('| Metric (judged by people) | Limit |');
  });
});

test.each(['```bash {name=a}\nls\n```\n', 'TODO(runbook): decide\n', '- ```sh {undo=a}\n  ls\n  ```\n'])(
  'what is in the format already is refused: %s',
  (text) => {
    expect(() => draft(text)).toThrow(/^a\.md:1 /);
  },
);

test('braces that are no attributes stay behind a word', () => {
  expect(body('```js {1,3}\na\n```\n')).toBe('```js example {1,3}\na\n```\n');
  expect(body('```{r}\ncd a\n```\n')).toBe('```text example {r}\ncd a\n```\n');
});
