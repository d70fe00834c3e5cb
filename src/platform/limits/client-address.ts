/** From which address a request comes, when proxies may stand in between. */

import { BlockList, isIP, isIPv6 } from 'node:net';

/** What is believed of `X-Forwarded-For`: nothing, the last so many entries, or those that these networks wrote. */
type Trust = 'off' | number | BlockList;

/** More proxies than this before one server is a mistake. */
const mostHops = 16;

export function isTrust(text: string): boolean {
  return parseTrust(text) !== undefined;
}

/**
 * Finds the address of the client: from the socket backwards through `X-Forwarded-For`, as far as it can be believed.
 * What a client wrote itself stands further left, and is never reached.
 */
export function createClientAddress(setting: string): (socketAddress: string | undefined, forwardedFor: string | undefined) => string {
  const trust = parseTrust(setting) ?? 'off';
  return (socketAddress = '', forwardedFor = '') => {
    const peer = plain(socketAddress);
    if (trust === 'off' || forwardedFor === '') return network(peer);
    const claimed = forwardedFor.split(',').map((text) => plain(text.trim()));
    let address = peer;
    for (let hops = 0; claimed.length > 0 && believes(trust, address, hops); hops += 1) {
      const next = claimed.pop() ?? '';
      if (isIP(next) === 0) break;
      address = next;
    }
    return network(address);
  };
}

function believes(trust: number | BlockList, address: string, hops: number): boolean {
  return typeof trust === 'number' ? hops < trust : trust.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function parseTrust(text: string): Trust | undefined {
  if (text === 'off') return text;
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= mostHops ? Number(text) : undefined;
  const list = new BlockList();
  for (const item of text.split(',')) if (!add(list, item.trim())) return undefined;
  return list;
}

function add(list: BlockList, item: string): boolean {
  const [address = '', prefix] = item.split('/');
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (prefix === undefined) {
    list.addAddress(address, family);
    return true;
  }
  const longest = version === 6 ? 128 : 32;
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > longest) return false;
  list.addSubnet(address, Number(prefix), family);
  return true;
}

/** An IPv4 address in IPv6 form (`::ffff:192.0.2.1`) is the IPv4 address; brackets and ports that some proxies write are left out. */
function plain(address: string): string {
  const bare =
    /^\[(.+)\](:\d+)?$/.exec(address)?.[1] ?? (/^\d+\.\d+\.\d+\.\d+:\d+$/.test(address) ? address.slice(0, address.indexOf(':')) : address);
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare;
}

/** One subscriber of IPv6 has a whole network of 64 bits, and could come from another address each time. */
function network(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.toLowerCase().split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
