/** Where locks are kept, as it may be shown. */

/** A URL without its password, wherever in it that is; anything else as it is. */
export function withoutPassword(place: string): string {
  const url = /^[a-z]+:\/\//.test(place) ? URL.parse(place) : null;
  if (url === null) return place;
  url.password = '';
  for (const name of ['password', 'sslpassword']) url.searchParams.delete(name);
  return url.href;
}
