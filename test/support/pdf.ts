/** Writes small PDFs for tests: pages of lines in Helvetica, as in ISO 32000-1, 7.5. */

import { deflateSync } from 'node:zlib';

export interface PdfOptions {
  /** Of the document. */
  title?: string;
  /** With a password that nobody knows: the hashes of the password fit none. */
  encrypted?: boolean;
  /** Operators that stand in for the text of every page, such as a picture has. */
  content?: string;
  /** Times that the streams are packed, each time the packed one. */
  packed?: number;
}

/** One list of lines a page. `''` leaves a line empty; `#` before one makes it twice as large. */
export function makePdf(
  pages: readonly (readonly string[])[],
  { title, encrypted = false, content, packed = 0 }: PdfOptions = {},
): Uint8Array {
  const objects = ['', ''];
  const add = (object: string) => objects.push(object);
  const font = add('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>');
  const kids = pages.map((lines) => {
    const contents = add(stream(content ?? textOf(lines), packed));
    return add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${contents} 0 R /Resources << /Font << /F1 ${font} 0 R >> >> >>`,
    );
  });
  objects[0] = '<< /Type /Catalog /Pages 2 0 R >>';
  objects[1] = `<< /Type /Pages /Count ${kids.length} /Kids [${kids.map((kid) => `${kid} 0 R`).join(' ')}] >>`;
  const info = title === undefined ? '' : ` /Info ${add(`<< /Title (${escape(title)}) >>`)} 0 R`;
  const security = encrypted ? ` /Encrypt ${add(encryption)} 0 R /ID [<${'01'.repeat(16)}> <${'01'.repeat(16)}>]` : '';
  return Buffer.from(assemble(objects, `/Root 1 0 R${info}${security}`), 'latin1');
}

/** The standard handler with 40 bits; O and U are what the password would have to give. */
const encryption = `<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <${'ab'.repeat(32)}> /U <${'cd'.repeat(32)}> >>`;

function textOf(lines: readonly string[]): string {
  const shown = lines.map((line) => {
    const size = line.startsWith('#') ? 24 : 12;
    return `/F1 ${size} Tf (${escape(line.replace(/^#\s*/, ''))}) Tj T*`;
  });
  return `BT 14 TL 72 720 Td ${shown.join(' ')} ET`;
}

function escape(text: string): string {
  return text.replaceAll(/[\\()]/g, '\\$&');
}

function stream(content: string, packed: number): string {
  let bytes = Buffer.from(content, 'latin1');
  for (let times = 0; times < packed; times += 1) bytes = deflateSync(bytes, { level: 9 });
  const filter = packed === 0 ? '' : ` /Filter [${'/FlateDecode '.repeat(packed)}]`;
  return `<< /Length ${bytes.length}${filter} >>\nstream\n${bytes.toString('latin1')}\nendstream`;
}

function assemble(objects: readonly string[], trailer: string): string {
  const parts = ['%PDF-1.4\n'];
  const places: number[] = [];
  let length = parts.join('').length;
  for (const [index, object] of objects.entries()) {
    const part = `${index + 1} 0 obj\n${object}\nendobj\n`;
    places.push(length);
    parts.push(part);
    length += part.length;
  }
  const table = places.map((place) => `${String(place).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  return `${parts.join('')}xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} ${trailer} >>\nstartxref\n${length}\n%%EOF\n`;
}
