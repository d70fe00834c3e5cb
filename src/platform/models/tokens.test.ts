import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { estimateTokens } from './tokens.ts';

/** Kinds of text that people ask about. */
const samples: Record<string, string> = {
  English: 'The deployment was rolled back because the error rate rose above one percent within five minutes of the switch.',
  German: 'Die Auslieferung wurde zurückgenommen, weil die Fehlerrate innerhalb von fünf Minuten über ein Prozent gestiegen ist.',
  Chinese: '由于错误率在切换后五分钟内上升到百分之一以上，因此回滚了部署。我们明天再试一次。',
  Russian: 'Развёртывание было отменено, потому что доля ошибок превысила один процент в течение пяти минут.',
  code: 'export function unit(vector) {\n  const length = Math.hypot(...vector);\n  return vector.map((value) => value / length);\n}',
  JSON: '{"task":{"id":"WEB-12","project":"WEB","title":"Draw the page","status":"todo","priority":"high","labels":["ui"]}}',
};

describe('the estimate', () => {
  test.each(Object.entries(samples))('is no less than a real tokenizer counts, and less than three times that: %s', (_kind, text) => {
    const real = encode(text).length;
    expect(estimateTokens(text)).toBeGreaterThanOrEqual(real);
    expect(estimateTokens(text)).toBeLessThan(real * 3);
  });

  test('is zero for nothing', () => {
    expect(estimateTokens('')).toBe(0);
  });
});
