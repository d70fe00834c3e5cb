/** A path into a JSON value, as in `json .items[0].name == "web"` and in `capture=version:.version`. */

const piece = /\.([A-Za-z_][\w-]*)|\.?\["([^"\]]*)"\]|\.?\[(\d+)\]|\."([^"]*)"/y;

/** The value at the path; undefined: there is none; `unreadable`: the path is none. The path `.` is the whole value. */
export function readPath(value: unknown, path: string): { value: unknown } | undefined | 'unreadable' {
  const keys = parsePath(path);
  if (keys === undefined) return 'unreadable';
  let at: unknown = value;
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string | number, unknown>)[key];
  }
  return { value: at };
}

function parsePath(path: string): (string | number)[] | undefined {
  if (path === '.') return [];
  const keys: (string | number)[] = [];
  for (let offset = 0; offset < path.length; offset = piece.lastIndex) {
    piece.lastIndex = offset;
    const [whole, name, bracketed, index, quoted] = piece.exec(path) ?? [];
    if (whole === undefined) return undefined;
    keys.push(index === undefined ? (name ?? bracketed ?? quoted ?? '') : Number(index));
  }
  return keys.length === 0 ? undefined : keys;
}
