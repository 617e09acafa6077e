import { expect, test } from 'vitest';
import { resourceAttributes, serviceName } from './service-identity.js';
import type { ProcessFacts } from './process-facts.js';

function facts(more: Partial<ProcessFacts>): ProcessFacts {
  return { pid: 7, comm: 'x', ...more };
}

function run(executable: string, ...words: string[]): ProcessFacts {
  return facts({ executable, comm: executable.split('/').at(-1) ?? '', arguments: [executable, ...words], workingDirectory: '/srv/shop' });
}

test('what a process says of itself comes first', () => {
  const environment = { OTEL_SERVICE_NAME: 'checkout', OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,service.version=1.2%2B3' };
  expect(serviceName(facts({ environment }))).toEqual({ name: 'checkout', version: '1.2+3', source: 'environment' });
  expect(serviceName(facts({ environment: { ...environment, OTEL_SERVICE_NAME: '' } }))).toMatchObject({ name: 'other', source: 'resource-attributes' });
  expect([...resourceAttributes('a=1,broken,b=%zz,=c')]).toEqual([['a', '1'], ['b', '%zz']]);
});

test.each([
  ['a Deployment\'s pod', facts({ podUid: 'u', hostname: 'shop-7d9f8b6c5-x2x4z', executable: '/usr/bin/java' }), 'shop', 'deployment'],
  ['a StatefulSet\'s pod', facts({ podUid: 'u', hostname: 'db-0' }), 'db', 'deployment'],
  ['a systemd unit', facts({ cgroup: '/system.slice/shop@2.service', executable: '/usr/bin/node' }), 'shop', 'unit'],
  ['a container\'s runtime is no service', facts({ cgroup: '/system.slice/docker.service', executable: '/usr/sbin/nginx' }), 'nginx', 'executable'],
  ['an executable', run('/usr/sbin/nginx'), 'nginx', 'executable'],
  ['one of many names of a file', facts({ executable: '/usr/bin/redis-check-rdb', comm: 'redis-server', arguments: ['redis-server *:6379'] }), 'redis-server', 'executable'],
  ['a title that tells a state', facts({ executable: '/usr/lib/postgresql/15/bin/postgres', comm: 'postgres', arguments: ['postgres: shop shop 127.0.0.1(4711) idle'] }), 'postgres', 'executable'],
  ['a script', run('/usr/bin/node', '--enable-source-maps', '-r', './hook.js', 'checkout.mjs'), 'checkout', 'program'],
  ['a script with a name that all have', run('/usr/bin/node', 'dist/server.js'), 'shop', 'program'],
  ['a script by its path', run('/usr/bin/node', '/opt/basket/src/index.js'), 'basket', 'program'],
  ['a Python module', run('/usr/bin/python3.11', '-m', 'billing'), 'billing', 'program'],
  ['what Gunicorn serves', run('/usr/bin/python3', '/usr/local/bin/gunicorn', '--bind', 'unix:/run/orders.sock', 'orders.wsgi:application', '--workers', '4'), 'orders', 'program'],
  ['what Uvicorn serves, by a name that all have', run('/usr/bin/python3', '-m', 'uvicorn', 'main:app', '--port', '80'), 'shop', 'program'],
  ['a worker of Celery', run('/usr/bin/python3', '/usr/bin/celery', '-A', 'billing.tasks', 'worker'), 'tasks', 'program'],
  ['what a launcher of Node runs', run('/usr/bin/node', '/srv/shop/node_modules/.bin/tsx', 'src/basket.ts'), 'basket', 'program'],
  ['a launcher with nothing better', run('/usr/bin/python3', '/usr/bin/gunicorn', '--help'), 'gunicorn', 'program'],
  ['a jar', run('/usr/bin/java', '-Xmx1g', '-jar', '/opt/payment-1.4.2.jar'), 'payment', 'program'],
  ['a main class', run('/usr/bin/java', '-cp', 'a.jar', 'com.example.Shipping'), 'Shipping', 'program'],
  ['a main class behind options that take a word', run('/usr/bin/java', '--add-opens', 'java.base/java.lang=ALL-UNNAMED', '-p', 'lib', '-m', 'shop/com.example.Shipping'), 'Shipping', 'program'],
  ['a program without a name, in Python', run('/usr/bin/python3.11', '-I', '-c', 'login("geheim")', 'word'), 'python3.11', 'executable'],
  ['a program without a name, in Python, in one word', run('/usr/bin/python3', '-clogin("geheim")'), 'python3', 'executable'],
  ['a program without a name, in Node', run('/usr/bin/node', '--enable-source-maps', '-e', 'login("geheim")', 'geheim'), 'node', 'executable'],
  ['a program without a name, in Node, in one word', run('/usr/bin/node', '--eval=login("geheim")', 'geheim'), 'node', 'executable'],
  ['a program without a name, of a shell', run('/usr/bin/bash', '-lc', 'curl -u geheim'), 'bash', 'executable'],
  ['a program without a name, in Perl', run('/usr/bin/perl', '-wne', 'login("geheim")', 'geheim'), 'perl', 'executable'],
  ['a program without a name, in PHP', run('/usr/bin/php', '-r', 'login("geheim");'), 'php', 'executable'],
  ['a word that can be no name', run('/usr/bin/node', '{"password":"geheim"}'), 'node', 'executable'],
  ['an interpreter with nothing better', facts({ executable: '/usr/bin/node', comm: 'node' }), 'node', 'executable'],
])('%s', (_what, process, name, source) => {
  expect(serviceName(process)).toMatchObject({ name, source });
});

test('the version of a jar is its service\'s', () => {
  expect(serviceName(run('/usr/bin/java', '-jar', 'payment-1.4.2.jar')).version).toBe('1.4.2');
});
