import { expect, test } from 'vitest';
import { spanBatch } from '../trace/batch-builder.js';
import { peerOf } from './peer-name.js';

const REDIS = { 'db.system': 'redis' };

test.each([
  ['the name of the database, where it has one', { 'db.system.name': 'postgresql', 'db.namespace': 'orders', 'server.address': '10.0.3.17', 'server.port': 5432 }, 'orders'],
  ['the host\'s name', { ...REDIS, 'server.address': 'redis.shop.svc', 'server.port': 6379 }, 'redis.shop.svc'],
  ['system and address, where there is only a number', { ...REDIS, 'db.namespace': '0', 'net.peer.name': '10.0.3.17', 'net.peer.port': 6379 }, 'redis 10.0.3.17:6379'],
  ['system and address of the newer kind', { ...REDIS, 'server.address': 'fd00::17', 'server.port': '6379' }, 'redis fd00::17:6379'],
  ['system and port on the same machine', { ...REDIS, 'net.peer.name': '127.0.0.1', 'net.peer.port': 6379 }, 'redis :6379'],
  ['the same by name', { ...REDIS, 'server.address': 'localhost', 'server.port': 6380 }, 'redis :6380'],
  ['the system alone, where the port is not said', { ...REDIS, 'server.address': '::1' }, 'redis'],
  ['the system, where nothing is said', REDIS, 'redis'],
])('a database is named by %s', (_case, attributes, name) => {
  expect(peerOf(spanBatch([{ kind: 'client', attributes }]), 0)).toEqual({ isDatabase: true, name });
});

test.each([
  ['its name', { 'server.address': 'api.bank.example', 'server.port': 443 }, 'api.bank.example'],
  ['its port, on the same machine', { 'server.address': '127.0.0.1', 'server.port': 8080 }, '127.0.0.1:8080'],
  ['nothing, where it says nothing', { 'http.request.method': 'GET', 'server.port': 8080 }, ''],
])('somebody else\'s service is named by %s', (_case, attributes, name) => {
  expect(peerOf(spanBatch([{ kind: 'client', attributes }]), 0)).toEqual({ isDatabase: false, name });
});
