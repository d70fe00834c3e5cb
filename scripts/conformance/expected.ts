/** What of the conformance suite we do not pass, and why. An entry that passes is an error too, so that this list stays true. */

const nobodyWaits =
  'a question over the event stream of 2025 is answered by a new request, which in stateless serving reaches nobody who waits; clients of 2026-07-28 are asked with input_required';

export const expectedFailures: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '2026-07-28': {
    'tasks-mrtr-input': 'not scored: an operation asks one question after the other, so two are never open at once',
    'tasks-required-task-error':
      'not scored: no tool of ours refuses clients without the extension; a long call is then answered on its own request',
    'tasks-mrtr-composition': 'not scored: what a long call asks, it asks as a task',
    'http-custom-header-server-validation':
      'not scored: no tool of ours has parameters in headers (x-mcp-header), so there is nothing to validate',
  },
  '2025-11-25': {
    'tools-call-sampling': nobodyWaits,
    'tools-call-elicitation': nobodyWaits,
    'elicitation-sep1034-defaults': nobodyWaits,
    'elicitation-sep1330-enums': nobodyWaits,
  },
};
