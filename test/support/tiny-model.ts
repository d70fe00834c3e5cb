/**
 * Makes a folder with an embedding model of a few words, in the files of Hugging Face: an ONNX graph that looks up a vector for each token. It stands
 * in for a model of a hundred megabytes: what loads and runs it is real, what it knows is a list of words.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Each word with its vector; any other word is a vector of its own. */
const words: Readonly<Record<string, readonly number[]>> = {
  '[PAD]': [9, 9, 9, 9],
  '[UNK]': [0, 0, 0, 1],
  cat: [1, 0, 0, 0],
  kitten: [0.9, 0.1, 0, 0],
  server: [0, 1, 0, 0],
  zero: [0, 0, 0, 0],
};

export const tinyDimensions = 4;

export async function makeTinyModel(folder: string): Promise<void> {
  const names = Object.keys(words);
  const vocab = Object.fromEntries(names.map((name, id) => [name, id]));
  const special = (content: string, id: number) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [special('[PAD]', 0), special('[UNK]', 1)],
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab },
  };
  const files: Record<string, string | Uint8Array> = {
    'config.json': JSON.stringify({ model_type: 'bert', hidden_size: tinyDimensions, vocab_size: names.length }),
    'tokenizer.json': JSON.stringify(tokenizer),
    'tokenizer_config.json': JSON.stringify({
      tokenizer_class: 'BertTokenizer',
      pad_token: '[PAD]',
      unk_token: '[UNK]',
      model_max_length: 64,
    }),
    'onnx/model.onnx': lookupModel(Object.values(words)),
  };
  await mkdir(join(folder, 'onnx'), { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}

/** An ONNX model (https://onnx.ai/onnx/repo-docs/IR.html) with one node: `last_hidden_state = Gather(table, input_ids)`. */
function lookupModel(table: readonly (readonly number[])[]): Uint8Array {
  const [floatType, int64Type] = [1, 7];
  const values = Buffer.from(Float32Array.from(table.flat()).buffer);
  const tensor = [number(1, table.length), number(1, tinyDimensions), number(2, floatType), text(8, 'table'), bytes(9, values)];
  const named = (name: string, type: number, dimensions: readonly Buffer[]) => {
    const shape = message(2, ...dimensions.map((dimension) => message(1, dimension)));
    return [text(1, name), message(2, message(1, number(1, type), shape))];
  };
  const [batch, sequence, hidden] = [text(2, 'batch'), text(2, 'sequence'), number(1, tinyDimensions)];
  const graph = [
    message(1, text(1, 'table'), text(1, 'input_ids'), text(2, 'last_hidden_state'), text(4, 'Gather')),
    text(2, 'lookup'),
    message(5, ...tensor),
    message(11, ...named('input_ids', int64Type, [batch, sequence])),
    message(12, ...named('last_hidden_state', floatType, [batch, sequence, hidden])),
  ];
  const [irVersion, opset] = [8, 13];
  return Buffer.concat([number(1, irVersion), message(8, text(1, ''), number(2, opset)), message(7, ...graph)]);
}

// Fields of protocol buffers: https://protobuf.dev/programming-guides/encoding/

function varint(value: number): Buffer {
  const out: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...out, rest]);
    out.push((rest % 128) + 128);
  }
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function bytes(field: number, content: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

function text(field: number, content: string): Buffer {
  return bytes(field, Buffer.from(content));
}

function message(field: number, ...fields: readonly Buffer[]): Buffer {
  return bytes(field, Buffer.concat(fields));
}
