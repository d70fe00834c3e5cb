/** The variables that a step sees: the operator's, without what changes how a shell starts, and with what makes programs behave as in a script. */

type Environment = Readonly<Record<string, string | undefined>>;

/** What bash would run or set before a step begins, or what would stand in place of a program that a step calls. */
const notInherited = /^(?:BASH_ENV|ENV|SHELLOPTS|BASHOPTS|POSIXLY_CORRECT|CDPATH|GLOBIGNORE|BASH_FUNC_.*|QUARTERDECK_(?:STEP|FENCE))$/;

/** No program asks, pages, colours or formats for one machine's taste. */
const fixed = {
  TZ: 'UTC',
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  SYSTEMD_PAGER: '',
  COLUMNS: '80',
  TERM: 'dumb',
  NO_COLOR: '1',
  GIT_TERMINAL_PROMPT: '0',
} as const;

export function stepEnvironment(operator: Environment, own: Environment): Record<string, string> {
  const inherited = Object.entries(operator).filter(([name]) => !notInherited.test(name));
  const all: Environment = { ...Object.fromEntries(inherited), ...fixed, ...own };
  return Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
