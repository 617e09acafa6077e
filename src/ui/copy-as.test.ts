import { expect, test } from 'vitest';
import { requestAsCurl, traceAsCurl } from './copy-as.js';

test('an HTTP request becomes a command', () => {
  expect(requestAsCurl({ attributes: { 'http.request.method': 'GET', 'url.full': 'https://shop.example/items?id=3' } })).toBe(`curl -i 'https://shop.example/items?id=3'`);
  expect(requestAsCurl({ attributes: { 'http.request.method': 'POST', 'url.scheme': 'https', 'server.address': 'shop.example', 'server.port': 8443, 'url.path': '/orders', 'url.query': 'dry=1' } })).toBe(`curl -i -X 'POST' 'https://shop.example:8443/orders?dry=1'`);
  expect(requestAsCurl({ attributes: { 'http.method': 'HEAD', 'http.url': 'http://shop.example/' } })).toBe(`curl -i --head 'http://shop.example/'`);
});

test('what is no request, or says no address, becomes none', () => {
  expect(requestAsCurl({ attributes: { 'db.system.name': 'redis' } })).toBeUndefined();
  expect(requestAsCurl({ attributes: { 'http.request.method': 'GET', 'url.path': '/' } })).toBeUndefined();
});

test('what a sender wrote cannot become a command', () => {
  expect(requestAsCurl({ attributes: { 'http.request.method': `GET'; rm -rf ~ #`, 'url.full': `http://x/'$(id)'` } })).toBe(`curl -i -X 'GET'\\''; rm -rf ~ #' 'http://x/'\\''$(id)'\\'''`);
});

test('the command that reads a trace names the token only where one is needed', () => {
  expect(traceAsCurl('http://127.0.0.1:4400', 'abc', false)).toBe(`curl -s 'http://127.0.0.1:4400/api/v1/traces/abc'`);
  expect(traceAsCurl('https://tocsin.example', 'abc', true)).toBe(`curl -s -H "authorization: Bearer $TOCSIN_TOKEN" 'https://tocsin.example/api/v1/traces/abc'`);
});
