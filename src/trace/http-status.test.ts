import { describe, expect, test } from 'vitest';
import { attributeOf } from './attribute-json.js';
import { httpStatusOf } from './http-status.js';

describe('the status code of an HTTP response', () => {
  test.each([
    [{}, 0],
    [{ 'http.route': '/', 'http.response.status_code': 503 }, 503],
    [{ 'http.status_code': 404 }, 404],
    [{ 'http.status_code': '404' }, 404],
    [{ 'http.status_code': 404, 'http.response.status_code': 404 }, 404],
    [{ 'http.status_code': 404, 'http.response.status_code': 200 }, undefined],
    [{ 'http.response.status_code': 200.5 }, undefined],
    [{ 'http.response.status_code': 'OK' }, undefined],
    [{ 'http.response.status_code': '0200' }, undefined],
    [{ 'http.response.status_code': 0 }, undefined],
    [{ 'http.response.status_code': 40_000 }, undefined],
    [{ 'http.response.status_code': [200, 500] }, undefined],
    [{ 'http.response.status_code': null }, undefined],
  ])('of %j is %s', (attributes, status) => {
    const list = Object.entries(attributes).map(([key, value]) => attributeOf(key, value));
    expect(httpStatusOf(list, 0, list.length)).toBe(status);
  });

  test('is that of the span, and not of others in its batch', () => {
    const list = [attributeOf('http.status_code', 500), attributeOf('a', 1), attributeOf('http.status_code', 200)];
    expect([httpStatusOf(list, 1, 2), httpStatusOf(list, 1, 3), httpStatusOf(list, 0, 1)]).toEqual([0, 200, 500]);
  });
});
