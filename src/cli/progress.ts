/** One line on standard error that shows that a long command is alive, and how far it is. Only at a terminal. */

/** Shown from here on, in milliseconds: a line that flickers up for less tells nothing. */
const patienceMs = 800;

/** Smooth to the eye, and nothing to the processor. */
const frameMs = 120;

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const barWidth = 24;
const clearLine = '\r\u001B[2K';

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
    if (Date.now() - started >= patienceMs) stderr.write(clearLine + progressLine(step, frame++, Date.now() - started, stderr.columns));
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
  if (done === undefined || total === undefined || total === 0) return `${spinner} ${message} ${seconds}`.slice(0, columns - 1);
  const share = Math.min(1, done / total);
  const filled = Math.round(share * barWidth);
  const bar = '█'.repeat(filled) + '░'.repeat(barWidth - filled);
  return `${spinner} ${bar} ${Math.floor(share * 100)} % ${message} ${seconds}`.slice(0, columns - 1);
}
