/** Settings as the command line gives them: flags over environment over `.env`. */

import { Option } from 'commander';
import { type EffectiveSettings, readSettings } from '../platform/config/read.ts';
import { type SettingName, settingDefinitions } from '../platform/config/settings.ts';
import { type Log, createLog } from '../platform/telemetry/log.ts';

/** What stands for the value in the help; a flag without a word here is an error of the type checker. */
const placeholders = { host: 'address', port: 'number', url: 'url', data: 'folder' } as const satisfies Partial<
  Record<SettingName, string>
>;

type FlagName = keyof typeof placeholders;

/** Options as parsed, by the names of their flags in camel case. */
export type ParsedOptions = Readonly<Record<string, unknown>>;

export function settingOption(name: FlagName): Option {
  const { flag, description, schema } = settingDefinitions[name];
  const fallback = schema.safeParse(undefined).data;
  const text = fallback === undefined ? description : `${description} (default: ${fallback})`;
  return new Option(`--${flag} <${placeholders[name]}>`, text);
}

/** The options that every command has which serves. */
export const serverOptions = (): Option[] => (Object.keys(placeholders) as FlagName[]).map(settingOption);

/** @throws SettingsError with everything that is wrong */
export function settingsOf(options: ParsedOptions): EffectiveSettings {
  const flags: Partial<Record<SettingName, string>> = {};
  for (const name of Object.keys(placeholders) as FlagName[]) {
    const given = options[settingOption(name).attributeName()];
    if (typeof given === 'string') flags[name] = given;
  }
  return readSettings({ flags });
}

/**
 * The log of a server: `LOG_LEVEL`, and where nobody set it, requests go to files and pipes but not to a person's terminal,
 * where a calm first screen matters more.
 */
export function serverLog({ settings, sources }: EffectiveSettings): Log {
  const quiet = sources.logLevel === 'default' && process.stderr.isTTY;
  return createLog({ logLevel: quiet ? 'warn' : settings.logLevel });
}

/** The log of a command: its answer says what there is to say. Only the cause of a mistake in the program is told in the log alone. */
export function commandLog({ settings, sources }: EffectiveSettings): Log {
  return createLog({ logLevel: sources.logLevel === 'default' ? 'error' : settings.logLevel });
}
