/** Passes on what a step writes, without secrets, and keeps it in files. */

import { closeSync, openSync, writeSync } from 'node:fs';
import { sha256OfFile } from '../../system/durable.ts';
import type { Redactor } from '../redact/redactor.ts';
import type { RunFolder } from './folder.ts';
import { type Stream, mostOutput } from './process.ts';
import type { OutputHashes } from './records.ts';

export interface Outputs {
  push(stream: Stream, text: string): void;
  /** Writes what was held back because it might have been the beginning of a secret. */
  end(): OutputHashes;
}

interface Keeping {
  readonly redactor: Redactor;
  /** Standard output is a secret that is not known yet: it goes nowhere, and standard error waits until it can be cut out of it. */
  readonly secret: boolean;
  onOutput(stream: Stream, text: string): void;
}

/** Each stream has a file of its own, made when something comes. */
export function keepOutputs(
  folder: RunFolder,
  command: { step: string; undo: boolean; attempt: number },
  { redactor, secret, onOutput }: Keeping,
): Outputs {
  const streams = { stdout: keepStream('stdout'), stderr: keepStream('stderr') };

  function keepStream(name: Stream) {
    const redacted = redactor.stream();
    let descriptor: number | undefined;
    let room = mostOutput;
    const keep = (text: string): void => {
      descriptor ??= openSync(folder.output(command, name), 'a', 0o600);
      writeSync(descriptor, text);
    };
    const write = (text: string): void => {
      if (text === '') return;
      onOutput(name, text);
      if (room <= 0) return;
      keep(text.slice(0, room));
      room -= text.length;
      if (room <= 0) keep('\n[cut here: it wrote more than is kept]\n');
    };
    return {
      push: (text: string) => write(redacted.push(text)),
      end(): string | null {
        write(redacted.end());
        if (descriptor === undefined) return null;
        closeSync(descriptor);
        return sha256OfFile(folder.output(command, name));
      },
    };
  }

  let waiting = '';
  return {
    push(stream, text) {
      if (!secret) streams[stream].push(text);
      else if (stream === 'stderr') waiting = (waiting + text).slice(-mostOutput);
    },
    end() {
      streams.stderr.push(waiting);
      return { stdout: streams.stdout.end(), stderr: streams.stderr.end() };
    },
  };
}
