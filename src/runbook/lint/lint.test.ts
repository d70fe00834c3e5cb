import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lint } from './lint.ts';

const curl = 'curl --max-time 5 https://shop.example.com/health';

function found(text: string, options?: Parameters<typeof lint>[1]): string[] {
  return lint({ file: 'a.md', text }, options).findings.map(({ rule, line, column }) => `${rule} ${line}:${column}`);
}

describe('places', () => {
  test('are those of the document, in lists, quotes and with front matter', () => {
    expect(found(`---\ntitle: a\n---\n\n1. Look:\n\n   \`\`\`bash\n   true\n   ${curl}\n   \`\`\`\n`)).toEqual(['R07 9:4']);
    expect(found(`> \`\`\`bash\n> ${curl}\n> \`\`\`\n`)).toEqual(['R07 2:3']);
    expect(found(`Text\r\n\r\n\`\`\`sh\r\ntrue &&\r\n  ${curl}\r\n\`\`\`\r\n`)).toEqual(['R07 5:3']);
  });

  test('of commands in lists and sessions are theirs', () => {
    expect(found(`- Health: \`${curl}\`\n`)).toEqual(['R07 1:12']);
    expect(found(`\`\`\`console\n$ ${curl}\ncurl: this is output\n\`\`\`\n`)).toEqual(['R07 2:3']);
  });

  test('a mention in a sentence is no command', () => {
    expect(found(`The check is \`${curl}\`, which is wrong.\n`)).toEqual([]);
  });
});

describe('calls', () => {
  test.each([
    ['what sudo, timeout and env run', `sudo -u app env A=b timeout -k 5 60 ${curl}`],
    ['what a shell is given', `bash -c '${curl}'`],
    ['what another machine is given', `ssh -i key app@host "${curl}"`],
    ['what a container is given', `docker compose exec -T web ${curl}`],
    ['what a pod is given', `kubectl --context a exec web-0 -c web -- ${curl}`],
    ['what stands in a substitution', `A=$(${curl})`],
    ['what stands in a function', `check() { ${curl}; }`],
  ])('%s is judged', (_what, script) => {
    expect(found(`\`\`\`bash\n${script}\n\`\`\`\n`).map((each) => each.split(' ')[0])).toEqual(['R07']);
  });

  test.each([
    ['quoted text', `echo "${curl}"`],
    ['a comment', `# ${curl}`],
    ['a here-document', `cat <<EOF\n${curl}\nEOF`],
    ['a fence of another language', ''],
  ])('%s is not', (what, script) => {
    expect(found(what.includes('fence') ? `\`\`\`yaml\nrun: ${curl}\n\`\`\`\n` : `\`\`\`bash\n${script}\n\`\`\`\n`)).toEqual([]);
  });

  test('a variable that the document sets is resolved, in later blocks too', () => {
    const text = '```bash\nFILE=shop.sql\n```\n\n```bash\npg_restore -d a -e "/tmp/$FILE"\n```\n';
    expect(lint({ file: 'a.md', text }).findings.map(({ message }) => message)).toEqual([
      'pg_restore cannot read /tmp/shop.sql, which is a plain SQL dump.',
    ]);
  });
});

describe('lint-ignore', () => {
  const block = `\`\`\`bash\n${curl}\n\`\`\`\n`;

  test('silences the next block, or its own line, and is counted', () => {
    expect(lint({ file: 'a.md', text: `<!-- lint-ignore R07: a demonstration -->\n\n${block}` })).toMatchObject({
      findings: [],
      ignored: 1,
    });
    expect(lint({ file: 'a.md', text: `- \`${curl}\` <!-- lint-ignore R07: by eye -->\n` })).toMatchObject({ findings: [], ignored: 1 });
  });

  test('reaches no further', () => {
    expect(found(`<!-- lint-ignore R07: a demonstration -->\n\n${block}\n${block}`)).toEqual(['R07 8:1']);
    expect(found(`<!-- lint-ignore R08: another rule -->\n\n${block}`)).toEqual(['R07 4:1']);
  });

  test('needs a reason', () => {
    expect(found(`<!-- lint-ignore R07 -->\n\n${block}`)).toEqual(['R120 1:1', 'R07 4:1']);
  });
});

test('rules are chosen by id', () => {
  const text = '```bash\ncurl https://shop.example.com/health\n```\n';
  expect(found(text)).toEqual(['R07 2:1', 'R08 2:1']);
  expect(found(text, { only: ['R08'] })).toEqual(['R08 2:1']);
  expect(found(text, { without: ['R08'] })).toEqual(['R07 2:1']);
});

test('comments that do not end, and many headings, are no trap', () => {
  expect(found('<!--'.repeat(30_000))).toEqual([]);
  expect(found('# a\n\n'.repeat(3_000))).toEqual([]);
});

test('any text can be looked at', () => {
  const pieces = fc.constantFrom(
    '# A\n',
    '\n\n',
    '```bash\n',
    '```\n',
    '- ',
    '> ',
    '| a | b |\n|-|-|\n',
    '<!-- lint-ignore',
    ' -->',
    'kubectl apply -f ',
    'psql ',
    '-f',
    '"',
    "'",
    '$(',
    ')',
    '|',
    '<a>',
    '\t',
    '\r\n',
    '---\n',
    '`',
    'ssh a ',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 40 }), (all) => {
      lint({ file: 'a.md', text: all.join('') });
    }),
    { numRuns: 200 },
  );
});
