import { describe, expect, test } from 'vitest';
import { SettingsError, readSettings } from './read.ts';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readSettings({ environment, folder: '/nowhere' });
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe('the settings of models', () => {
  test('switch nothing on by a key alone', () => {
    const { settings } = readSettings({ environment: { OPENAI_API_KEY: 'sk-x', ANTHROPIC_API_KEY: 'sk-y' }, folder: '/nowhere' });
    expect([settings.chatModel, settings.embeddingModel]).toEqual([undefined, undefined]);
  });

  test.each([
    [{ QUARTERDECK_CHAT_MODEL: 'openai:gpt-5-mini', OPENAI_API_KEY: 'k' }],
    [{ QUARTERDECK_CHAT_MODEL: 'anthropic:claude-sonnet-4-5', ANTHROPIC_API_KEY: 'k' }],
    [{ QUARTERDECK_CHAT_MODEL: 'compatible:llama3.2:3b', QUARTERDECK_CHAT_MODEL_URL: 'http://127.0.0.1:11434/v1/' }],
    [{ QUARTERDECK_EMBEDDING_MODEL: 'local:Xenova/all-MiniLM-L6-v2' }],
  ])('take %o', (environment) => {
    expect(problemsOf(environment)).toEqual([]);
  });

  test.each([
    [{ QUARTERDECK_CHAT_MODEL: 'gpt-5-mini' }, 'QUARTERDECK_CHAT_MODEL: must be openai:NAME, anthropic:NAME or compatible:NAME.'],
    [{ QUARTERDECK_CHAT_MODEL: 'local:phi' }, 'serve it with Ollama or vLLM, and name it compatible:NAME'],
    [
      { QUARTERDECK_EMBEDDING_MODEL: 'anthropic:claude' },
      'Anthropic has no embedding models; use openai:NAME, compatible:NAME or local:NAME',
    ],
    [{ QUARTERDECK_CHAT_MODEL: 'openai:gpt-5-mini' }, 'OPENAI_API_KEY: must be given for QUARTERDECK_CHAT_MODEL=openai:gpt-5-mini.'],
    [{ QUARTERDECK_CHAT_MODEL: 'anthropic:claude', OPENAI_API_KEY: 'k' }, 'ANTHROPIC_API_KEY: must be given'],
    [{ QUARTERDECK_EMBEDDING_MODEL: 'compatible:bge-m3' }, 'QUARTERDECK_EMBEDDING_MODEL_URL: must be given'],
    [
      { QUARTERDECK_CHAT_MODEL: 'compatible:x', QUARTERDECK_CHAT_MODEL_URL: 'http://ada:secret@host/v1' },
      'QUARTERDECK_CHAT_MODEL_URL: must not have a user name or password in it',
    ],
    [{ QUARTERDECK_EMBEDDING_MODEL: 'local:x', QUARTERDECK_EMBEDDING_MODEL_URL: 'http://x' }, 'means nothing to local:x'],
    [
      { QUARTERDECK_CHAT_MODEL: 'openai:x', OPENAI_API_KEY: 'k', QUARTERDECK_CHAT_MODEL_KEY: 'k' },
      'QUARTERDECK_CHAT_MODEL_KEY: is for compatible: models',
    ],
    [{ QUARTERDECK_MODEL_SILENCE_MS: '2000', QUARTERDECK_MODEL_TOTAL_MS: '1000' }, 'must not be longer than QUARTERDECK_MODEL_TOTAL_MS'],
  ])('refuse %o, and say what is wrong', (environment, problem) => {
    expect(problemsOf(environment)).toEqual([expect.stringContaining(problem)]);
  });
});
