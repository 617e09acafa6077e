import type { DetectorName } from '../config/redaction.js';

/** A text with a secret, the secret in it, and what a mask makes of the text. */
export type Sample = readonly [text: string, secret: string, masked: string];

/** Samples are put together from pieces: whole ones in a repository make secret scanners shout. */
const word = (...pieces: readonly string[]): string => pieces.join('');
const LETTERS = 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF';
const random = (length: number): string => LETTERS.repeat(Math.ceil(length / LETTERS.length)).slice(0, length);
const hex = (length: number): string => '0f1e2d3c4b5a6978'.repeat(8).slice(0, length);
const basic = (text: string): string => Buffer.from(text).toString('base64');
const HEADER = basic('{"alg":"HS256","typ":"JWT"}').replaceAll('=', '');
const PAYLOAD = basic('{"sub":"1234567890","name":"Ann"}').replaceAll('=', '');
const JWT = `${HEADER}.${PAYLOAD}.${random(43)}`;
const PEM = (kind: string): string => `-----BEGIN ${kind}-----\nMIIEpAIBAAKCAQEA${random(40)}\n${random(64)}\n-----END ${kind}-----`;

function whole(secret: string, masked: string): Sample {
  return [secret, secret, masked];
}

/** What each detector has to find. Also the corpus of the property tests and of the fuzzer. */
export const SECRETS: Readonly<Record<DetectorName, readonly Sample[]>> = {
  'private-key': [
    whole(PEM(word('RSA PRIV', 'ATE KEY')), 'PRIVATE KEY ****'),
    whole(PEM(word('PRIV', 'ATE KEY')), 'PRIVATE KEY ****'),
    whole(PEM(word('ENCRYPTED PRIV', 'ATE KEY')), 'PRIVATE KEY ****'),
    whole(PEM(word('OPENSSH PRIV', 'ATE KEY')), 'PRIVATE KEY ****'),
    whole(PEM(word('PGP PRIV', 'ATE KEY BLOCK')), 'PRIVATE KEY ****'),
    [`config: ${JSON.stringify(PEM(word('EC PRIV', 'ATE KEY')))} end`, random(40), 'config: "PRIVATE KEY ****" end'],
    [PEM(word('RSA PRIV', 'ATE KEY')).slice(0, 90), 'MIIEpAIBAAKCAQEA', 'PRIVATE KEY ****'],
  ],
  'url-userinfo': [
    ['https://ann:s3cret@shop.example/cart?x=1', 's3cret', 'https://****:****@shop.example/cart?x=1'],
    ['postgres://app:p@ss@db.internal:5432/shop', 'p@ss', 'postgres://****:****@db.internal:5432/shop'],
    ['postgres://app:pa/ss#1@db:5432/shop', 'pa/ss#1', 'postgres://****:****@db:5432/shop'],
    ['redis://:hunter2@cache:6379/0', 'hunter2', 'redis://****:****@cache:6379/0'],
    ['amqp://guest@rabbit', 'guest', 'amqp://****@rabbit'],
    ['mongodb+srv://u:p%40w@a.example,b.example/db', 'p%40w', 'mongodb+srv://****:****@a.example,b.example/db'],
    ['GET "http://u:pw@h/" failed, then http://v:qw@i/', 'qw', 'GET "http://****:****@h/" failed, then http://****:****@i/'],
    ['jdbc:oracle:thin:scott/tiger@//db:1521/svc', 'tiger', 'jdbc:oracle:thin:****@//db:1521/svc'],
    ['dsn app:pw1@tcp(db:3306)/shop', 'pw1', 'dsn ****@tcp(db:3306)/shop'],
  ],
  'connection-password': [
    ['Server=db;Database=shop;User Id=app;Password=my pass word;Encrypt=true', 'my pass word', 'Server=db;Database=shop;User Id=app;Password=****;Encrypt=true'],
    ['Pwd=secret 1;Server=db', 'secret 1', 'Pwd=****;Server=db'],
    ['Driver={SQL Server};Server=db;PWD={a;b c}', 'a;b c', 'Driver={SQL Server};Server=db;PWD=****'],
    ['Server=db; password = "a;b" ;Timeout=5', 'a;b', 'Server=db; password = **** ;Timeout=5'],
  ],
  authorization: [
    [`Authorization: Bearer ${random(24)}`, random(24), 'Authorization: Bearer ****'],
    ['authorization: bearer abcdef', 'abcdef', 'authorization: bearer ****'],
    ['"authorization":"Bearer abc"', 'abc"', '"authorization":"Bearer ****"'],
    [`sent ${word('Bea', 'rer')} ya29.a0Af_x and failed`, 'ya29.a0Af_x', 'sent Bearer **** and failed'],
    [`curl -H 'Authorization: Basic ${basic('ann:pw')}'`, basic('ann:pw'), "curl -H 'Authorization: Basic ****'"],
    [`Basic ${basic('ann:s3cret')}`, basic('ann:s3cret'), 'Basic ****'],
    [`header=Bearer%20${random(20)}&x=1`, random(20), 'header=Bearer%20****&x=1'],
    [`Negotiate ${random(30)}==`, random(30), 'Negotiate ****'],
  ],
  'secret-pair': [
    ['https://b.s3.example/o?X-Amz-Credential=AK%2F2026&X-Amz-Date=2026&X-Amz-Signature=0f1e2d', '0f1e2d', 'https://b.s3.example/o?X-Amz-Credential=****&X-Amz-Date=2026&X-Amz-Signature=****'],
    ['/o?X-Amz-Security-Token=abc%3D&x=1', 'abc%3D', '/o?X-Amz-Security-Token=****&x=1'],
    ['/o?AWSAccessKeyId=AK1&Signature=qw%2Ber&Expires=1795132800', 'qw%2Ber', '/o?AWSAccessKeyId=****&Signature=****&Expires=1795132800'],
    ['/b?sv=2024&sig=ab%2Bcd&se=2026', 'ab%2Bcd', '/b?sv=2024&sig=****&se=2026'],
    ['/o?X-Goog-Signature=00ff', '00ff', '/o?X-Goog-Signature=****'],
    ['/login?user=ann&password=hunter2#top', 'hunter2', '/login?user=ann&password=****'],
    ['/cb?access_token=abc&state=1&refresh_token=def', 'def', '/cb?access_token=****&state=1&refresh_token=****'],
    ['/cb?redirect=https%3A%2F%2Fx%2F%3Ftoken%3Dabc%26user%3Dann', 'abc', '/cb?redirect=https%3A%2F%2Fx%2F%3Ftoken%3D****%26user%3Dann'],
    ['{"user":"ann","password":"a \\"b\\" c","n":1}', 'a \\"b\\" c', '{"user":"ann","password":"****","n":1}'],
    ['{\\"clientSecret\\":\\"q w\\",\\"n\\":1}', 'q w', '{\\"clientSecret\\":\\"****\\",\\"n\\":1}'],
    ["{'api_key': 'abc', 'n': 1}", "abc'", "{'api_key': '****', 'n': 1}"],
    ['host=db user=app password=pw,1 dbname=shop', 'pw,1', 'host=db user=app password=**** dbname=shop'],
    ["host=db password='a b' dbname=shop", 'a b', "host=db password='****' dbname=shop"],
    ['Login(user=ann, password=s(1)x, n=1)', 's(1)x', 'Login(user=ann, password=****, n=1)'],
    ['"password"=>"abc"', 'abc', '"password"=>"****"'],
    ['db password: hunter22!', 'hunter22!', 'db password: ****'],
    ['aws_secret_access_key = wJalr/XUtn', 'wJalr/XUtn', 'aws_secret_access_key = ****'],
    ['AccountName=a;AccountKey=abc/def==;EndpointSuffix=x', 'abc/def==', 'AccountName=a;AccountKey=****;EndpointSuffix=x'],
    ['Cookie: sid=abc; theme=dark\r\nHost: x', 'sid=abc; theme=dark', 'Cookie: ****\r\nHost: x'],
    ['{"set-cookie":"sid=abc; Path=/"}', 'sid=abc', '{"set-cookie":"****"}'],
    ['SPRING_DATASOURCE_PASSWORD=abc', 'abc', 'SPRING_DATASOURCE_PASSWORD=****'],
    ['/app;jsessionid=0F1E2D?x=1', '0F1E2D', '/app;jsessionid=****'],
  ],
  jwt: [
    whole(JWT, 'eyJ****'),
    [`token is ${JWT}.`, JWT, 'token is eyJ****'],
    [`/cb#t/${HEADER}.${PAYLOAD}`, PAYLOAD, '/cb#t/eyJ****'],
    [`"${HEADER}..${random(16)}.${random(30)}.${random(22)}"`, random(30), '"eyJ****"'],
    [`x%20${JWT}`, JWT, 'x%20eyJ****'],
  ],
  'api-key': [
    [word('key AKI', 'A', 'IOSFODNN7EXAMPLE used'), 'IOSFODNN7EXAMPLE', word('key AKI', 'A', '**** used')],
    whole(word('ASI', 'A', 'IOSFODNN7EXAMPLE'), 'ASIA****'),
    whole(word('gh', 'p_', random(36)), 'ghp_****'),
    whole(word('gh', 's_', random(36)), 'ghs_****'),
    whole(word('github', '_pat_', random(22), '_', random(59)), 'github_pat_****'),
    whole(word('gl', 'pat-', random(20)), 'glpat-****'),
    whole(word('xo', 'xb-', '123456789012-1234567890123-', random(24)), 'xoxb-****'),
    whole(word('xa', 'pp-1-', 'A0123-456-', random(40)), 'xapp-1-****'),
    [word('https://hooks.sla', 'ck.com/services/T0123/B0123/', random(24)), random(24), 'https://hooks.slack.com/services/****'],
    whole(word('AI', 'za', random(35)), 'AIza****'),
    whole(word('ya', '29.', random(40)), 'ya29.****'),
    whole(word('s', 'k_live_', random(24)), 'sk_live_****'),
    whole(word('s', 'k-', random(48)), 'sk-****'),
    whole(word('s', 'k-proj-', random(60)), 'sk-proj-****'),
    whole(word('s', 'k-ant-', 'api03-', random(90)), 'sk-ant-****'),
    whole(word('s', 'k-', hex(32)), 'sk-****'),
    whole(word('S', 'G.', random(22), '.', random(43)), 'SG.****'),
    whole(word('np', 'm_', random(36)), 'npm_****'),
    whole(word('S', 'K', hex(32)), 'SK****'),
    whole(word('hv', 's.', random(30)), 'hvs.****'),
    [`git clone https://${word('gh', 'p_', random(36))}/r`, random(36), 'git clone https://ghp_****/r'],
  ],
  'card-number': [
    ...['4111111111111111', '5555555555554444', '2223003122003222', '378282246310005', '6011111111111117', '30569309025904', '3530111333300000', '6212345678901265', '4222222222222', '6304000000000000']
      .map((number) => whole(number, `****${number.slice(-4)}`)),
    ['paid with 4111 1111 1111 1111 today', '1111 1111 1111', 'paid with ****1111 today'],
    ['pan=4111-1111-1111-1111&x', '4111-1111', 'pan=****1111&x'],
    ['card 3782 822463 10005.', '822463', 'card ****0005.'],
    ['?q=4111%201111%201111%201111&n=1', '4111%201111', '?q=****1111&n=1'],
    ['?q=%204111111111111111', '4111111111111111', '?q=%20****1111'],
    ['{"pan":"4111111111111111","n":1}', '4111111111111111', '{"pan":"****1111","n":1}'],
    ['"line\\n4111111111111111"', '4111111111111111', '"line\\n****1111"'],
    ['4111111111111111,5555555555554444', '5555555555554444', '****1111,****4444'],
  ],
  iban: [
    whole('DE89370400440532013000', 'DE****'),
    ['to GB82 WEST 1234 5698 7654 32 today', 'WEST 1234', 'to GB**** today'],
    ['iban=FR1420041010050500013M02606', '20041010050500013M02606', 'iban=FR****'],
    ['NO93 8601 1117 947', '8601 1117 947', 'NO****'],
  ],
  'us-ssn': [
    ['ssn 536-22-1234 given', '536-22-1234', 'ssn **** given'],
    whole('536-22-1234', '****'),
  ],
  email: [
    whole('ann@shop.example', '****@****'),
    ['mail to Ann.Lee+news@mail.shop.example, please', 'Ann.Lee+news@mail.shop.example', 'mail to ****@****, please'],
    ['<ann@shop.example>', 'ann@shop.example', '<****@****>'],
    ['/u?email=ann%40shop.example&x=1', 'ann%40shop.example', '/u?email=****%40****&x=1'],
    ['/u?to=a%2Bb%40shop.example', 'a%2Bb', '/u?to=****%40****'],
    ['user%3Dann@shop.example', 'ann@shop', 'user%3D****@****'],
    ['"to:\\nann@shop.example"', 'ann@shop.example', '"to:\\n****@****"'],
    ['jörg@müller.example', 'jörg@müller', '****@****'],
    ['bob@163.com', 'bob@163.com', '****@****'],
    ["WHERE mail = 'ann@shop.example'", 'ann@shop.example', "WHERE mail = '****@****'"],
    ['a@b.co c@d.io', 'c@d.io', '****@**** ****@****'],
    ['ann@shop.example.', 'ann@shop.example', '****@****.'],
  ],
};

/** What looks a little like a secret and is none: no detector may touch it, because what is hidden by mistake is missing at 03:00. */
export const INNOCENT: readonly string[] = [
  // Ids, hashes, times.
  '550e8400-e29b-41d4-a716-446655440000', '4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', 'da39a3ee5e6b4b0d3255bfef95601890afd80709', 'e4d909c290d0fb1ca068ffaddf22cbd0',
  '1795132800', '1795132800000', '1795132800000000', '1795132800000000000', '2026-11-20T10:15:30.123456789Z', '20261120101530', '20261120101530123', '2026-11-20 10:15:30,123',
  '01HF7YAT31JZ1A5C1D2E3F4G5H', '507f1f77bcf86cd799439011', '9223372036854775807', '18446744073709551615', '4611686018427387904', '4532015112830366112',
  '12345678-1234-4111-1111-123456789012', 'a2345678-4111-1111-1111-111111111111', '0.4111111111111111', '4111111111111112', '1234567890123456', 'x4111111111111111',
  '192.168.100.200', '10.0.0.1:5432', '2001:db8:85a3::8a2e:370:7334', 'aa:bb:cc:dd:ee:ff', '+49 30 901820', '978-3-16-148410-0',
  'checkout-7d9f8b6c5d-x2k4q', 'ip-10-0-12-34.eu-central-1.compute.internal', 'arn:aws:iam::123456789012:role/checkout', 'projects/shop/topics/orders', 'i-0abcd1234efgh5678',
  // Addresses of machines, files and versions.
  'git@github.com:acme/shop.git', '/static/logo@2x.png', 'lodash@4.17.21', 'spring-core@5.3.0.RELEASE', 'golang.org/x/net@v0.17.0', 'java.base@17.0.2', '@opentelemetry/instrumentation-http@0.223.0',
  'registry.example/shop/cart@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', 'getty@tty1.service', 'com.acme.Cart@1b6d3586', 'rabbit@node-1.internal', '@ann wrote', 'a @ b.c',
  'com.acme.shop.checkout.CheckoutController.placeOrder', 'at placeOrder (/app/src/checkout.js:12:34)', 'k8s.gcr.io/pause:3.9',
  // Addresses without secrets.
  'https://shop.example/catalogue/4711?user=42&sort=price', 'http://[::1]:8080/health', 'postgresql://db.internal:5432/shop', 'https://shop.example/@ann/cart', 'https://host:8080/a@b/c',
  '/search?q=secret+santa&page=2', '/api?next_page_token=CAUQAA&pageToken=abc', '/o?tokens=3&max_tokens=4096&sign=true', 'jdbc:postgresql://db:5432/shop', 'https://shop.example/?code=500&state=open',
  // Words that also introduce secrets.
  'password: required', 'Password: must be longer', 'password=', 'password=?', 'password = $1', 'token = :token', 'a.token = b.token', 'password=null', 'password=${DB_PASSWORD}', '{"password":null}', '"token":""', 'password=[FILTERED]',
  'password={password}', 'SELECT id FROM users WHERE password = ? AND token = @p1', 'UPDATE users SET token = @token', 'unexpected token: }', 'Unexpected token < in JSON at position 0', 'invalid token: expired', 'secret: none',
  'Bearer authentication failed', 'Basic authentication required', 'WWW-Authenticate: Bearer realm="shop"', 'bearer of bad news', 'basic information', 'NTLM is off', 'PWD=/home/app', 'token == null', 'if (password != other)',
  'author=ann', 'authenticated=true', 'cookie: not found', 'cookies=3', 'sk-SK', 'task-runner-configuration-number-twelve', 'sk-service-deployment-for-customers', 'eyJpZCI6NDcxMX0', 'SGVsbG8sIHdvcmxkIQ==',
  '-----BEGIN CERTIFICATE-----MIIB-----END CERTIFICATE-----', '-----', 'PRIVATE KEY of the shop', 'GET /api/items/{id}', 'SELECT * FROM orders WHERE id = ? LIMIT 10', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'text/html; charset=utf-8', 'a=1;b=2;c=3', 'gzip, deflate, br', 'ECONNREFUSED 127.0.0.1:6379', 'upstream answered 500', 'Zażółć gęślą jaźń', '请求失败', '',
];
