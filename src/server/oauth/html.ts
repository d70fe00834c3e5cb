/** HTML whose every value is escaped, unless it is HTML itself. */

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A template tag. Attributes are to be written with quotes around the value. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  const shown = values.map((value) => {
    if (value instanceof Html) return value.text;
    return typeof value === 'string' ? value.replaceAll(/[&<>"']/g, (c) => escapes[c] ?? '') : value.map(({ text }) => text).join('');
  });
  return new Html(String.raw({ raw: parts }, ...shown));
}
