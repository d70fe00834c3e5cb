/** Rules about putting a version live on hosts: which version, and never without one that runs. */

import { docker, kubectl, option, textOf } from '../arguments.ts';
import type { Call } from '../calls.ts';
import type { LintDocument } from '../document.ts';
import { after, before, changes, deploys, isDowngrade, isProcedure, shown } from '../effects.ts';
import { type Rule, bash } from '../rule.ts';

/** Calls of the same script or list after this one. */
function rest(call: Call, document: LintDocument): readonly Call[] {
  return after(call, document).filter(({ script }) => script.sequence === call.script.sequence);
}

function containerName(call: Call): string | undefined {
  return textOf(option(call, '--name'));
}

export const nameConflict: Rule = {
  id: 'R27',
  name: 'name-conflict',
  severity: 'error',
  title: 'A container is stopped, and another is started under its name',
  why: 'A stopped container keeps its name, so `docker run` fails with “name already in use”; in a rollback nothing runs then.',
  fix: 'Remove or rename it in between: `docker rm NAME`.',
  bad: '## Roll back\n\n' + bash('docker stop shop\ndocker run -d --name shop registry.example.com/shop:1.4.1'),
  good:
    '## Roll back\n\n' + bash('docker stop shop\ndocker rename shop shop-old\ndocker run -d --name shop registry.example.com/shop:1.4.1'),
  *check(document) {
    for (const call of document.calls) {
      const found = docker(call);
      if (found === undefined || !/^(?:container )?(?:stop|kill)$/.test(found.verb)) continue;
      const later = rest(call, document);
      for (const name of found.words) {
        const index = later.findIndex((each) => docker(each)?.verb === 'run' && containerName(each) === name);
        const freed = later
          .slice(0, Math.max(0, index))
          .some((each) => /^(?:container )?(?:rm|rename)$/.test(docker(each)?.verb ?? '') && docker(each)?.words.includes(name) === true);
        const run = later[index];
        if (run !== undefined && !freed) yield { at: run.at, message: `The stopped container still has the name ${name}.` };
      }
    }
  },
};

interface Stop {
  readonly names: readonly string[];
  readonly starts: (call: Call) => string | undefined;
}

function stopOf(call: Call): Stop | undefined {
  const found = docker(call);
  if (found !== undefined && /^(?:container )?(?:stop|kill|rm)$/.test(found.verb))
    return { names: found.words, starts: (each) => (docker(each)?.verb === 'run' ? containerName(each) : undefined) };
  const words = call.args.map(({ text }) => text.replace(/\.service$/, ''));
  if (call.program !== 'systemctl' || words[0] !== 'stop') return undefined;
  return {
    names: words.slice(1),
    starts: (each) =>
      each.program === 'systemctl' && each.args[0]?.text === 'start' ? each.args[1]?.text.replace(/\.service$/, '') : undefined,
  };
}

export const downFirst: Rule = {
  id: 'R67',
  name: 'down-first',
  severity: 'error',
  title: 'The old version is stopped before the new one runs',
  why: 'Nothing answers until the new one is up, and where it does not come up nothing answers at all.',
  fix: 'Start the new one beside the old, check it, switch, then stop the old; or write down the maintenance window.',
  bad: '# Deploy\n\n' + bash('sudo systemctl stop shop\nsudo systemctl start shop'),
  good: '# Deploy\n\nMaintenance window: Sunday, 02:00 to 02:10 UTC.\n\n' + bash('sudo systemctl stop shop\nsudo systemctl start shop'),
  *check(document) {
    if (/maintenance window|planned downtime|downtime (?:is )?(?:expected|planned|accepted)/i.test(document.source.text)) return;
    for (const call of document.calls) {
      const stop = stopOf(call);
      // Going back is in a hurry already, and what is undone has no neighbour to run beside.
      if (stop === undefined || /roll ?back|restor|undo|recover/i.test(call.script.section.path.join(' '))) continue;
      const earlier = before(call, document).filter(({ script }) => script.sequence === call.script.sequence);
      if (earlier.some((each) => stopOf(each)?.names.join() === stop.names.join())) continue;
      const later = rest(call, document);
      const index = later.findIndex((each) => stop.names.includes(stop.starts(each) ?? ''));
      // What stands in between may need the service to be down: a restore, a migration, a move of files.
      const needed = later
        .slice(0, Math.max(0, index))
        .some((each) => !/^(?:docker|podman|systemctl|echo|sleep|true|:)$/.test(each.program));
      if (index >= 0 && !needed) yield { at: call.at, message: `${stop.names.join(', ')} is stopped before the new version runs.` };
    }
  },
};

/** A name that means another version tomorrow. */
function movingName(call: Call): string | undefined {
  const images = docker(call);
  const kube = kubectl(call);
  if ((images !== undefined && /^(?:run|pull|tag|push|(?:image|compose) pull)$/.test(images.verb)) || kube?.verb === 'set image') {
    const found = call.args.find(({ text }) => text.endsWith(':latest'))?.text;
    return found?.replace(/^.*=/, '');
  }
  return undefined;
}

export const movingTarget: Rule = {
  id: 'R70',
  name: 'moving-target',
  severity: 'error',
  title: 'What is released is a name that moves',
  why: '`latest` and a branch mean another version tomorrow: two hosts differ, and there is no version to go back to.',
  fix: 'Name a version or a digest: `shop:1.4.2`, `git checkout v1.4.2`.',
  bad: '## Deploy\n\n' + bash('git pull origin main\nsudo systemctl restart shop'),
  good: '## Deploy\n\n' + bash('git fetch --tags\ngit checkout v1.4.2\nsudo systemctl restart shop'),
  *check(document) {
    for (const call of document.calls) {
      const name = movingName(call);
      if (name !== undefined) yield { at: call.at, message: `${name} is another version tomorrow.` };
      if (call.program !== 'git' || call.args[0]?.text !== 'pull') continue;
      const released = document.calls.some((each) => each.script.sequence === call.script.sequence && deploys(each));
      if (released) yield { at: call.at, message: 'The newest commit of a branch is released, whichever that is.' };
    }
  },
};

export const unpinnedInstall: Rule = {
  id: 'R71',
  name: 'unpinned-install',
  severity: 'warning',
  title: 'A deployment installs whatever versions are newest',
  why: 'The packages that were tested are not those that are installed, and a package that was taken over is run at once.',
  fix: 'Install from a lock file: `npm ci`, `pip install --require-hashes -r requirements.txt`, `uv sync --locked`.',
  bad: '## Deploy\n\n' + bash('pip install -r requirements.txt\nsudo systemctl restart shop'),
  good: '## Deploy\n\n' + bash('pip install --require-hashes -r requirements.txt\nsudo systemctl restart shop'),
  *check(document) {
    for (const call of document.calls) {
      const [verb = ''] = call.args.map(({ text }) => text);
      const pip = /^pip3?$/.test(call.program) && verb === 'install' && option(call, '--require-hashes') === undefined;
      const npm =
        call.program === 'npm' && /^(?:install|i)$/.test(verb) && call.args.every(({ text }) => !/\w@\d|^-g$|^--global$/.test(text));
      if (!pip && !npm) continue;
      if (document.calls.some((each) => each.script.sequence === call.script.sequence && deploys(each)))
        yield { at: call.at, message: `\`${shown(call)}\` installs what is newest.` };
    }
  },
};

export const rollbackRevision: Rule = {
  id: 'R69',
  name: 'rollback-hard-revision',
  severity: 'warning',
  title: 'A rollback names a version of the day it was written',
  why: 'After the next release that number is another version, or none.',
  fix: 'Note the version before the change (`REVISION=$(…)`) and go back to that.',
  bad: bash(
    'kubectl --context production rollout undo deployment/shop --to-revision=2\nkubectl --context production rollout status deployment/shop --timeout 5m',
  ),
  good: bash(
    'kubectl --context production rollout undo deployment/shop --to-revision="$REVISION"\nkubectl --context production rollout status deployment/shop --timeout 5m',
  ),
  *check({ calls, scripts }) {
    for (const call of calls) {
      const revision = kubectl(call)?.verb === 'rollout undo' ? textOf(option(call, '--to-revision')) : undefined;
      const release = call.program === 'helm' && call.args[0]?.text === 'rollback' ? call.args[2]?.text : undefined;
      const snapshot = call.args.some(({ text }) => text.startsWith('restore-db-'))
        ? textOf(option(call, '--db-snapshot-identifier', '--snapshot-identifier'))
        : undefined;
      if (/^[1-9]\d*$/.test(revision ?? release ?? '') || /\d{8}/.test(snapshot ?? ''))
        yield { at: call.at, message: `${revision ?? release ?? snapshot ?? ''} is the right one only for the day it was written.` };
    }
    for (const { shell, place } of scripts)
      for (const { assignments, words } of shell.commands)
        for (const { name, value, start } of words.length === 0 ? assignments : [])
          if (/backup|dump|snapshot/i.test(name) && /20\d{6}|20\d\d-\d\d-\d\d/.test(value?.value ?? ''))
            yield { at: place(start), message: `${value?.value ?? ''} is the backup of the day that this was written.` };
  },
};

/** Puts the code of an earlier version to work. */
function goesBack(call: Call): boolean {
  const words = call.args.map(({ text }) => text).join(' ');
  if (call.program === 'git') return /^checkout (?!-b)/.test(words);
  const found = kubectl(call);
  return found?.verb === 'rollout undo' || (found?.verb === 'patch' && /selector/.test(words)) || docker(call)?.verb === 'run';
}

export const rollbackOrder: Rule = {
  id: 'R66',
  name: 'rollback-order',
  severity: 'warning',
  title: 'Code goes back before the migration that only it knows',
  why: "The old code does not have the newest migration and cannot undo it (“Can't locate revision”).",
  fix: 'Undo the migration first, with the new code, then go back.',
  bad: '## Roll back\n\n' + bash('git checkout v1.4.1\nalembic downgrade -1'),
  good: '## Roll back\n\n' + bash('alembic downgrade -1\ngit checkout v1.4.1'),
  *check(document) {
    for (const call of document.calls)
      if (isDowngrade(call) && before(call, document).some(goesBack))
        yield { at: call.at, message: 'The code that knows this migration is gone by now.' };
  },
};

export const undoDestroyed: Rule = {
  id: 'R64',
  name: 'undo-destroyed',
  severity: 'warning',
  title: 'What a rollback would go back to is taken down',
  why: 'The rollback switches traffic to a set that has no replicas any more.',
  fix: 'Take it down in a step of its own, after the time of observation; and let the rollback scale it up first.',
  bad:
    bash(
      `kubectl --context production scale deployment shop-blue --replicas=0\nkubectl --context production rollout status deployment/shop-blue --timeout 5m`,
    ) +
    '\n## Roll back\n\n' +
    bash(`kubectl --context production patch service shop -p '{"spec":{"selector":{"version":"blue"}}}'`),
  good:
    bash(
      `kubectl --context production scale deployment shop-blue --replicas=0\nkubectl --context production rollout status deployment/shop-blue --timeout 5m`,
    ) +
    '\n## Roll back\n\n' +
    bash(
      `kubectl --context production scale deployment shop-blue --replicas=3\nkubectl --context production rollout status deployment/shop-blue --timeout 5m\nkubectl --context production patch service shop -p '{"spec":{"selector":{"version":"blue"}}}'\ncurl -fsS --max-time 10 https://shop.example.com/health`,
    ),
  *check(document) {
    for (const call of document.calls) {
      const found = kubectl(call);
      if (found?.verb !== 'scale' || textOf(option(call, '--replicas')) !== '0') continue;
      const [colour] = /(?:blue|green|old|previous|stable)$/.exec(found.words.join(' ')) ?? [];
      const later = after(call, document);
      const back = later.findIndex(
        (each) => kubectl(each)?.verb === 'patch' && colour !== undefined && each.args.some(({ text }) => text.includes(`"${colour}"`)),
      );
      const raised = later
        .slice(0, Math.max(0, back))
        .some((each) => kubectl(each)?.verb === 'scale' && kubectl(each)?.words.join(' ') === found.words.join(' '));
      if (back >= 0 && !raised)
        yield { at: call.at, message: `The rollback further down switches back to ${colour ?? ''}, which has no replicas then.` };
    }
  },
};

export const noUndo: Rule = {
  id: 'R63',
  name: 'no-undo',
  severity: 'warning',
  title: 'A procedure changes a running system and does not say how to go back',
  why: 'At the moment it is needed, somebody has to invent the rollback.',
  fix: 'Give the change an undo: a section on rolling back with its commands, or a step with `undo=NAME`.',
  bad: '# Deploy the shop\n\n' + bash('helm upgrade shop ./chart --wait'),
  good: '# Deploy the shop\n\n' + bash('helm upgrade shop ./chart --wait') + '\n## Roll back\n\n' + bash('helm rollback shop --wait'),
  *check(document) {
    if (!isProcedure(document)) return;
    const first = document.calls.find(deploys);
    const undone = document.scripts.some(
      ({ meta, section }) =>
        /\bundo=/.test(meta) || /roll(?:ing)? ?back|\bgo(?:ing)? back|undo|revert|recover|restor/i.test(section.path.join(' ')),
    );
    const own = document.calls.some((call) => /^(?:rollout undo)$/.test(kubectl(call)?.verb ?? ''));
    if (first !== undefined && changes(first) && !undone && !own)
      yield { at: first.at, message: 'No command anywhere in this document takes the change back.' };
  },
};

export const releaseRules: readonly Rule[] = [
  nameConflict,
  downFirst,
  movingTarget,
  unpinnedInstall,
  rollbackRevision,
  rollbackOrder,
  undoDestroyed,
  noUndo,
];
