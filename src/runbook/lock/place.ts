/** Where locks are kept, as it may be shown. */

/** A URL without its password and its options, in which there may be another; anything else as it is. */
export function withoutPassword(place: string): string {
  const url = /^[a-z]+:\/\//.test(place) ? URL.parse(place) : null;
  if (url === null) return place;
  url.password = '';
  url.search = '';
  return url.href;
}
