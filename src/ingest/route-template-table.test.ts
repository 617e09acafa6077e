import { describe, expect, test } from 'vitest';
import { DEFAULT_START_MS } from '../trace/batch-builder.js';
import { Services } from './normalise-services.js';
import { OTHER_ROUTE, RouteTable } from './route-template-table.js';

describe('the routes of a service', () => {
  test('a place with too many different segments gives a star for new ones; known ones and other places stay', () => {
    const routes = new RouteTable({ maxPerPlace: 2 });
    const admit = (route: string): string => routes.admit(route, true);
    expect(['/blog/first-steps', '/blog/our-team', '/blog/more-news', '/blog/more-news/comments', '/blog/our-team', '/blog/our-team/comments', '/shop/cart'].map(admit))
      .toEqual(['/blog/first-steps', '/blog/our-team', '/blog/*', '/blog/*', '/blog/our-team', '/blog/our-team/comments', '/shop/cart']);
    expect(routes.isFull).toBe(true);
  });

  test('a placeholder always has its place', () => {
    const routes = new RouteTable({ maxPerPlace: 1 });
    expect(['/users/me', '/users/{id}', '/users/{id}/orders', '/users/all'].map((route) => routes.admit(route, true))).toEqual(['/users/me', '/users/{id}', '/users/{id}/orders', '/users/*']);
  });

  test('the first segments are limited by the number of routes only', () => {
    const routes = new RouteTable({ maxRoutes: 3, maxPerPlace: 1 });
    expect(['/a', '/b', '/c', '/d', '/c', '/'].map((route) => routes.admit(route, true))).toEqual(['/a', '/b', '/c', OTHER_ROUTE, '/c', OTHER_ROUTE]);
    expect(routes.size).toBe(3);
  });

  test('the star of a place counts as a route', () => {
    const routes = new RouteTable({ maxRoutes: 3, maxPerPlace: 1 });
    expect(['/a/x', '/b', '/a/y', '/a/z', '/c'].map((route) => routes.admit(route, true))).toEqual(['/a/x', '/b', '/a/*', '/a/*', OTHER_ROUTE]);
  });

  test('the root is a route', () => {
    expect(new RouteTable().admit('/', true)).toBe('/');
  });

  test('a route that may not claim is admitted once another has claimed it', () => {
    const routes = new RouteTable();
    expect([routes.admit('/a', false), routes.admit('/a', true), routes.admit('/a', false)]).toEqual([OTHER_ROUTE, '/a', '/a']);
  });
});

describe('at midnight', () => {
  test('a service that met a limit starts anew, others keep their routes', () => {
    const services = new Services([]);
    services.startBatch(DEFAULT_START_MS);
    const [flooded, quiet] = [services.of('flooded'), services.of('quiet')];
    for (let index = 0; index < 300; index += 1) flooded.server.admit(`/p${'x'.repeat(index)}`, true);
    quiet.server.admit('/a', true);
    services.startBatch(DEFAULT_START_MS + 86_399_999);
    expect([flooded.server.size, quiet.server.size]).toEqual([200, 1]);
    services.startBatch(DEFAULT_START_MS + 86_400_000);
    expect([flooded.server.size, quiet.server.size]).toEqual([0, 1]);
  });
});
