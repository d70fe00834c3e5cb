/** Commands that do not come back by themselves: they follow, watch or serve. */

import { docker, given, kubectl } from './arguments.ts';
import type { Call } from './calls.ts';

/** Why the command does not come back; `serves` for what is started so that it stays. */
export function endless(call: Call): { what: string; serves: boolean } | undefined {
  const kube = kubectl(call);
  if (kube !== undefined) {
    if (kube.verb === 'get' && given(call, ['-w', '--watch', '--watch-only'])) return { what: 'kubectl get --watch', serves: false };
    if (kube.verb === 'logs' && given(call, ['--follow'])) return { what: 'kubectl logs --follow', serves: false };
    if (kube.verb === 'logs' && call.args.some(({ text }) => text === '-f')) return { what: 'kubectl logs -f', serves: false };
    return kube.verb === 'port-forward' || kube.verb === 'proxy' ? { what: `kubectl ${kube.verb}`, serves: true } : undefined;
  }
  const container = docker(call);
  if (container !== undefined) {
    if (/^(?:compose )?logs$/.test(container.verb) && given(call, ['-f', '--follow'])) return { what: 'docker logs -f', serves: false };
    const waits = given(call, ['-d', '--detach', '--wait', '--no-start', '--exit-code-from', '--abort-on-container-exit']);
    return container.verb === 'compose up' && !waits ? { what: 'docker compose up', serves: !given(call, ['--scale']) } : undefined;
  }
  if (call.program === 'tail' && given(call, ['-f', '-F', '--follow'], 'nc')) return { what: 'tail -f', serves: false };
  if (call.program === 'journalctl' && given(call, ['-f', '--follow'], 'unpS')) return { what: 'journalctl -f', serves: false };
  return call.program === 'watch' ? { what: 'watch', serves: false } : undefined;
}
