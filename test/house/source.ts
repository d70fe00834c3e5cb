/** Reads the source of the project as its compiler does: what each module imports, exports and says in comments. */

import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { parseSync } from 'rolldown/utils';

const root = dirname(dirname(import.meta.dirname));

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  path: string;
  text: string;
}

export interface ModuleFacts {
  /** What is imported or exported from elsewhere, as written. Types count: they tie rooms together as well. */
  imports: string[];
  comments: string[];
  hasDefaultExport: boolean;
  hasStarExport: boolean;
}

/** Every file with one of these endings under the folder; a folder that is not there has none. */
export async function readSources(folder: string, endings: readonly string[]): Promise<SourceFile[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)));
  return Promise.all(
    files.map(async (file) => {
      const absolute = join(file.parentPath, file.name);
      return { path: relative(root, absolute).replaceAll('\\', '/'), text: await readFile(absolute, 'utf8') };
    }),
  );
}

/** @throws Error when the file is not valid TypeScript or JavaScript. */
export function readModule({ path, text }: SourceFile): ModuleFacts {
  const { module, comments, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path} cannot be parsed: ${error.message}`);
  const exported = module.staticExports.flatMap((statement) => statement.entries);
  return {
    imports: [
      ...module.staticImports.map((statement) => statement.moduleRequest.value),
      ...exported.flatMap((entry) => entry.moduleRequest?.value ?? []),
      ...module.dynamicImports.flatMap(({ moduleRequest }) => readLiteral(text.slice(moduleRequest.start, moduleRequest.end))),
    ],
    comments: comments.map((comment) => comment.value),
    hasDefaultExport: exported.some(({ exportName }) => exportName.kind === 'Default' || exportName.name === 'default'),
    hasStarExport: exported.some((entry) => entry.importName.kind === 'AllButDefault'),
  };
}

/** The text of a string literal; nothing for an expression, whose value is known at run time only. */
function readLiteral(expression: string): string[] {
  return /^(['"]).*\1$/.test(expression) ? [expression.slice(1, -1)] : [];
}
