import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { estimateTokens } from './tokens.ts';

/** Of the kinds of text that are sent; each says about the same. */
const samples: Readonly<Record<string, string>> = {
  English:
    'The server takes conversations and documents in, finds the right passage, and answers with citations that a program can verify.',
  German: 'Der Server nimmt Gespräche und Dokumente auf, findet die richtige Stelle und antwortet mit Belegen, die ein Programm prüft.',
  French: "Le serveur reçoit les conversations et les documents, trouve le bon passage et répond avec des citations qu'il peut vérifier.",
  Russian: 'Сервер принимает разговоры и документы, находит нужное место и отвечает цитатами, которые может проверить программа.',
  Greek: 'Ο διακομιστής δέχεται συνομιλίες και έγγραφα, βρίσκει το σωστό απόσπασμα και απαντά με παραπομπές.',
  Chinese: '服务器接收对话和文档，找到正确的段落，并用程序可以验证的引用来回答。如果来源没有说明，则拒绝回答。',
  Japanese: 'サーバーは会話と文書を受け取り、正しい箇所を見つけ、プログラムが検証できる引用で答えます。',
  Korean: '서버는 대화와 문서를 받아들이고 올바른 구절을 찾아 프로그램이 확인할 수 있는 인용으로 대답합니다.',
  Arabic: 'يستقبل الخادم المحادثات والوثائق ويجد المقطع الصحيح ويجيب باقتباسات يمكن لبرنامج التحقق منها.',
  Thai: 'เซิร์ฟเวอร์รับบทสนทนาและเอกสาร ค้นหาข้อความที่ถูกต้อง และตอบพร้อมการอ้างอิงที่โปรแกรมตรวจสอบได้',
  Hindi: 'सर्वर बातचीत और दस्तावेज़ लेता है, सही अंश ढूँढता है और ऐसे उद्धरणों के साथ उत्तर देता है।',
  code: 'export function widthAt(text: string, unit: number): 1 | 2 {\n  return (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;\n}\n',
  JSON: '{"task":{"id":"WEB-12","project":"WEB","title":"Draw the page","status":"todo","priority":"high","labels":["ui"]}}',
  log: '2026-01-31T09:00:00.123Z ERROR [db] connection refused at 10.0.0.1:5432 (attempt 3/5), pool=main\n',
  ids: '0198c6f2-7f3a-7c3e-9b1d-5d2f8a6b4c10 qd_9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  table: '| name | value |\n| ---- | ----- |\n| one  | 1     |\n| two  | 22    |\n',
  emoji: '👩‍👩‍👧‍👦 🎉🎉 👍🏽 ❤️ 🇩🇪',
};

describe('the estimate', () => {
  test.each(Object.entries(samples))('of %s is near what a tokenizer counts, rather above', (_kind, text) => {
    const ratio = estimateTokens(text) / countTokens(text);
    expect(ratio).toBeGreaterThan(0.85);
    expect(ratio).toBeLessThan(2);
  });

  test('stops where it is known that a text does not fit', () => {
    expect(estimateTokens('word '.repeat(1_000), 0, undefined, 10)).toBe(11);
  });

  test('is zero for nothing', () => expect(estimateTokens('')).toBe(0));

  test('is never more than one for a unit', () => {
    const units = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit));
    expect(units.filter((unit) => estimateTokens(unit) > 1)).toEqual([]);
  });
});
