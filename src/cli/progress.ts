/** One line on standard error that shows that a long command is alive, and how far it is. Only at a terminal. */

import { shorten, width } from './output.ts';

/** Shown from here on, in milliseconds: a line that flickers up for less tells nothing. */
const patienceMs = 800;

/** Smooth to the eye, and nothing to the processor. */
const frameMs = 120;

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const barWidth = 24;
const clearLine = '\r\u001B[2K';

/** Of a terminal that does not say how wide it is. */
const usualColumns = 80;

export interface Step {
  message: string;
  done?: number;
  total?: number;
}

/** Runs `work` and shows `message` meanwhile, or the step that `work` reports. */
export async function withProgress<Result>(message: string, work: (report: (step: Step) => void) => Promise<Result>): Promise<Result> {
  let step: Step = { message };
  const report = (next: Step): void => void (step = next);
  const { stderr } = process;
  if (!stderr.isTTY) return work(report);
  const started = Date.now();
  let frame = 0;
  const timer = setInterval(() => {
    if (Date.now() - started >= patienceMs)
      stderr.write(clearLine + progressLine(step, frame++, Date.now() - started, stderr.columns || usualColumns));
  }, frameMs);
  try {
    return await work(report);
  } finally {
    clearInterval(timer);
    if (frame > 0) stderr.write(clearLine);
  }
}

/** Cut to the terminal, because a line that wraps cannot be cleared. */
export function progressLine({ message, done, total }: Step, frame: number, elapsedMs: number, columns: number): string {
  const seconds = `${Math.floor(elapsedMs / 1_000)} s`;
  const spinner = frames[frame % frames.length] ?? '';
  const head = done === undefined || total === undefined || total === 0 ? spinner : `${spinner} ${barOf(Math.min(1, done / total))}`;
  const room = columns - 1 - width(`${head}  ${seconds}`);
  return `${head} ${shorten(message, room)} ${seconds}`.slice(0, columns - 1);
}

/** Full when all is done, and not before. */
function barOf(share: number): string {
  const filled = Math.floor(share * barWidth);
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${Math.floor(share * 100)} %`;
}
