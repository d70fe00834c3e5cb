/** `quarterdeck config show`: every setting as it is in effect, and where it came from. */

import type { EffectiveSettings } from '../platform/config/read.ts';
import { type SettingName, settingDefinitions } from '../platform/config/settings.ts';
import { CliCommand } from './command.ts';
import { print, table } from './output.ts';
import { type ParsedOptions, serverOptions, settingsOf } from './settings.ts';

interface ShowOptions extends ParsedOptions {
  json?: boolean;
}

interface ShownSetting {
  variable: string;
  flag: string | null;
  /** null: not set. A secret is never shown. */
  value: string | number | string[] | null;
  source: string;
}

export function configCommand(): CliCommand {
  const group = new CliCommand('config', { summary: 'Settings.' });
  const show = new CliCommand('show', {
    summary: 'Show every setting, its value here and now, and where it came from. Secrets are not shown.',
    example: 'quarterdeck config show',
  });
  for (const option of serverOptions()) show.addOption(option);
  show.action((options: ShowOptions) => {
    const settings = shownSettings(settingsOf(options));
    print(options.json, { settings }, () => settingsTable(settings));
  });
  return group.addCommand(show);
}

export function shownSettings({ settings, sources }: EffectiveSettings): ShownSetting[] {
  return Object.entries(settingDefinitions).map(([key, definition]: [string, { variable: string; flag?: string; secret?: boolean }]) => {
    const name = key as SettingName;
    const value = settings[name] ?? null;
    const shown = definition.secret === true && value !== null ? withoutSecret(String(value)) : value;
    return { variable: definition.variable, flag: definition.flag ?? null, value: shown, source: sources[name] };
  });
}

/** Of an address, where it leads is no secret. */
function withoutSecret(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.host === '') return '[set]';
  return `${url.protocol}//${url.username === '' ? '' : `${url.username}@`}${url.host}${url.pathname}`;
}

function settingsTable(settings: readonly ShownSetting[]): string {
  return table(
    settings,
    [
      { title: 'setting', value: ({ variable }) => variable },
      { title: 'value', value: ({ value }) => valueText(value), color: ({ value }) => (value === null ? 'dim' : undefined) },
      { title: 'from', value: ({ source }) => source, color: ({ source }) => (source === 'default' ? 'dim' : 'green') },
      { title: 'flag', value: ({ flag }) => (flag === null ? '' : `--${flag}`), color: () => 'dim' },
    ],
    '',
  );
}

function valueText(value: ShownSetting['value']): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return '–';
  return Array.isArray(value) ? value.join(', ') : String(value);
}
