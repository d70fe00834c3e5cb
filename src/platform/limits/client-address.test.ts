import { describe, expect, it } from 'vitest';
import { createClientAddress, isTrust } from './client-address.ts';

describe('the address of a client', () => {
  it.each([
    ['off', '192.0.2.1', '198.51.100.7', '192.0.2.1', 'nobody is believed'],
    ['1', '10.0.0.1', '198.51.100.7', '198.51.100.7', 'one proxy wrote the last entry'],
    ['1', '10.0.0.1', '203.0.113.9, 198.51.100.7', '198.51.100.7', 'what the client wrote itself stands further left'],
    ['2', '10.0.0.1', '203.0.113.9, 198.51.100.7, 10.0.0.2', '198.51.100.7', 'two proxies wrote the last two'],
    ['5', '10.0.0.1', '198.51.100.7', '198.51.100.7', 'there are fewer entries than proxies'],
    ['10.0.0.0/8', '10.0.0.1', '198.51.100.7, 10.9.9.9', '198.51.100.7', 'networks of proxies are passed over'],
    ['10.0.0.0/8', '192.0.2.1', '198.51.100.7', '192.0.2.1', 'the peer is no proxy of ours'],
    ['10.0.0.0/8,fd00::/8', 'fd00::1', '198.51.100.7', '198.51.100.7', 'a proxy may speak IPv6'],
    ['1', '::ffff:10.0.0.1', '::ffff:198.51.100.7', '198.51.100.7', 'IPv4 in IPv6 form is IPv4'],
    ['1', '10.0.0.1', 'unknown', '10.0.0.1', 'what is not an address is not believed'],
    ['1', '10.0.0.1', '198.51.100.7:4711', '198.51.100.7', 'some proxies write the port'],
    ['1', '10.0.0.1', '[2001:db8::1]:4711', '2001:db8:0:0::/64', 'and brackets'],
    ['off', '2001:db8:1:2:3:4:5:6', '', '2001:db8:1:2::/64', 'one subscriber of IPv6 has 64 bits of addresses'],
    ['off', '2001:db8:1::9', '', '2001:db8:1:0::/64', 'zeros may be left out'],
    ['off', '::1', '', '0:0:0:0::/64', 'loopback is an address too'],
  ])('trust %s, peer %s, header %s: %s, because %s', (trust, peer, header, expected) => {
    expect(createClientAddress(trust)(peer, header)).toBe(expected);
  });
});

describe('QUARTERDECK_TRUST_PROXY', () => {
  it.each(['off', '1', '16', '10.0.0.1', '10.0.0.0/8, ::1'])('takes %s', (text) => expect(isTrust(text)).toBe(true));
  it.each(['', 'on', '0', '17', '10.0.0.0/33', '10.0.0', 'proxy.example', '10.0.0.1,'])('refuses %s', (text) =>
    expect(isTrust(text)).toBe(false),
  );
});
