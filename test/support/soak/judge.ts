/** Decides from samples whether a server keeps more and more. Pure: the samples come from whoever took them. */

/** What the server held at one moment, right after a forced garbage collection. */
export interface Sample {
  seconds: number;
  /** Answers since it started. */
  requests: number;
  /** Of the JavaScript heap in use, and outside of it for buffers. */
  heldBytes: number;
  /** Of the whole process, the embedded database in its thread included. */
  residentBytes: number;
  /** Sockets, timers and the like that keep the event loop alive. */
  handles: number;
  /** Connections to the database. */
  connections: number;
  eventStreams: number;
  /** 99th percentile since the last sample. */
  lagMs: number;
}

export interface Quarter {
  requests: number;
  heldBytes: number;
  residentBytes: number;
  handles: number;
  connections: number;
  eventStreams: number;
  lagMs: number;
}

export interface Verdict {
  quarters: Quarter[];
  /** What the server held more in the last quarter than in the second, for each answer in between. */
  bytesPerRequest: number;
  /** Empty: it is flat. */
  complaints: string[];
}

const mebibyte = 1024 * 1024;

/**
 * The heap is not the same after two collections: caches fill, code is compiled and thrown away, some calls are under way. A megabyte or
 * two were seen; with this allowance an honest server is not accused, and a leak of 1 kB a call is found after some thousand calls.
 */
const heldAllowance = 3 * mebibyte;

/** A reference in a set costs 16 bytes, the smallest object worth the name a hundred: what is kept for each request is more than this. */
const heldPerRequest = 40;

/**
 * Fragments and buffers come and go in pieces. The embedded database has a memory that never shrinks, and a thread of its own whose garbage
 * nobody can have collected: its process grew by 25 MB in ten minutes of one run, and by 86 MB in the first two minutes of a faster one.
 */
const residentAllowance = { postgres: 64 * mebibyte, embedded: 256 * mebibyte };

/** Clients come and go, so their sockets vary. */
const handleAllowance = 50;

/**
 * Compares the last quarter with the second: the first is warming up. Medians, so that one sample in a bad moment decides nothing.
 * @throws Error when there are too few samples for that
 */
export function judge(samples: readonly Sample[], { pool, kind }: { pool: number; kind: 'embedded' | 'postgres' }): Verdict {
  const size = Math.floor(samples.length / 4);
  if (size < 2) throw new Error(`${samples.length} samples are too few to judge: eight at least`);
  const quarters = [0, 1, 2, 3].map((place) => middle(samples.slice(place * size, place === 3 ? undefined : (place + 1) * size)));
  const [, second, , last] = quarters;
  if (second === undefined || last === undefined) throw new Error('a quarter is missing');
  const requests = Math.max(1, last.requests - second.requests);
  const held = last.heldBytes - second.heldBytes;
  const resident = last.residentBytes - second.residentBytes;
  const most = Math.max(...samples.map(({ connections }) => connections));
  const complaints = [
    held > heldAllowance + heldPerRequest * requests && `it held ${inMegabytes(held)} MB more after ${requests} further answers`,
    resident > residentAllowance[kind] && `its memory grew by ${inMegabytes(resident)} MB in ${requests} answers`,
    last.handles > second.handles + handleAllowance && `it had ${last.handles} handles open, and ${second.handles} before`,
    most > pool && `it had ${most} connections to the database, and its pool is ${pool}`,
  ];
  return { quarters, bytesPerRequest: held / requests, complaints: complaints.filter((text) => text !== false) };
}

function middle(samples: readonly Sample[]): Quarter {
  const of = (field: keyof Quarter) => median(samples.map((sample) => sample[field]));
  return {
    requests: of('requests'),
    heldBytes: of('heldBytes'),
    residentBytes: of('residentBytes'),
    handles: of('handles'),
    connections: of('connections'),
    eventStreams: of('eventStreams'),
    lagMs: of('lagMs'),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function inMegabytes(bytes: number): string {
  return (bytes / mebibyte).toFixed(1);
}

/** A Markdown table with a line for each quarter. */
export function showVerdict({ quarters, bytesPerRequest, complaints }: Verdict): string {
  const rows = quarters.map((quarter, place) => [
    ['first', 'second', 'third', 'last'][place] ?? '',
    quarter.requests.toLocaleString('en'),
    inMegabytes(quarter.heldBytes),
    inMegabytes(quarter.residentBytes),
    String(quarter.handles),
    String(quarter.connections),
    String(quarter.eventStreams),
    quarter.lagMs.toFixed(0),
  ]);
  const head = ['quarter', 'answers', 'held MB', 'resident MB', 'handles', 'connections', 'streams', 'lag p99 ms'];
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join(' | ')} |`;
  return [
    line(head),
    line(widths.map((width) => `${'-'.repeat(width - 1)}:`)),
    ...rows.map(line),
    '',
    `${bytesPerRequest.toFixed(1)} bytes more for each answer between the second quarter and the last: ${complaints.length === 0 ? 'flat' : complaints.join('; ')}`,
  ].join('\n');
}
