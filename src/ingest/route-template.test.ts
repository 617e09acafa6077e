import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../test/support/cpu-time.js';
import { pathOfName, pathOfUrl, routeTemplate } from './route-template.js';

/** Routes of well-known APIs and sites, as they are written down: nothing in them is a value. */
const STATIC = `
/ /health /healthz /readyz /livez /metrics /favicon.ico /robots.txt /sitemap.xml /.well-known/openid-configuration /.well-known/acme-challenge
/api/v1/users /api/v2/orders /api/v3 /v1/chat/completions /v1.0/me/drive/root /2.0/repositories /api/2.1/unity-catalog/catalogs /v1beta1/projects /v1alpha/models
/oauth2/authorize /oauth2/token /oauth2/v2/userinfo /saml2/acs /auth/realms/master/protocol/openid-connect/token /login/oauth/access_token
/users/me /users/me/settings /account/password/reset /account/two-factor /account/2fa /account/mfa/totp /account/3ds /webauthn/register/begin
/graphql /graphiql /swagger-ui/index.html /swagger/v1/swagger.json /openapi.json /api-docs /actuator/health/liveness /actuator/prometheus /debug/pprof/heap
/wp-login.php /wp-admin/admin-ajax.php /wp-content/themes/style.css /xmlrpc.php /index.html /static/js/main.js /assets/fonts/inter-var.woff2 /css/bootstrap.min.css
/cart /checkout /checkout/shipping-address /products/search /catalogue/size /catalogue/tags /orders/export.csv /reports/monthly-summary.pdf /images/logo@2x.png
/s3/buckets /ec2/instances /k8s/pods /ipv4/addresses /ipv6 /utf8 /base64/encode /sha256/sums /md5 /x509/certificates /mp3/downloads /h264 /web3/wallets /i18n/de /l10n /a11y
/api/getUserAccountSettings /api/getUserByIdAndOrg /api/getAllHTMLPagesOfTheUser /env/ENVIRONMENT_VARIABLES /shop.Cart/GetAItemByIdOrName /api/listAllOrganizationMemberships /Microsoft.Compute/virtualMachines /providers/Microsoft.ContainerService/managedClusters
/helloworld.Greeter/SayHello /grpc.health.v1.Health/Check /opentelemetry.proto.collector.trace.v1.TraceService/Export /google.pubsub.v1.Publisher/Publish /hipstershop.ProductCatalogService/GetProduct
/users/{id} /users/:id/orders /users/<int:id> /files/* /files/** /posts/[slug] /blog/[...slug] /orders/{orderId}/items/{item_id} /{proxy+} /users/{id:guid}
/_next/data /_search /_bulk /@babel/core /~user /caf%C3%A9 /hello%20world /%E4%BD%A0%E5%A5%BD /über/straße /a/b/c/d/e /trailing/ //double
/internationalization/acknowledgements /notification-preferences/unsubscribe /terms-and-conditions /authorization-server/introspection
/ts-travel-service/api/v1/travelservice/trips/left /ts-order-service/api/v1/orderservice/order/refresh /ts-preserve-service/api/v1/preserveservice/preserve
/error404 /50x.html /step-1 /part2 /page/top10 /win32/setup /amd64/linux /arm64 /v8/heap /http2 /h2c /log4j /area51 /route66
`.trim().split(/\s+/);

describe('the route of a path', () => {
  test.each(STATIC)('%s is a route already', (path) => {
    expect(routeTemplate(path)).toBe(path);
  });

  test.each([
    ['/users/1234', '/users/{id}'],
    ['/users/1', '/users/{id}'],
    ['/users/1234/orders/98765/items/3', '/users/{id}/orders/{id}/items/{id}'],
    ['/users/1234?tab=orders#top', '/users/{id}'],
    ['/users/1234/', '/users/{id}/'],
    ['/cart;jsessionid=4DA1C7A1B2/items;x=1', '/cart/items'],
    ['/orders/550e8400-e29b-41d4-a716-446655440000', '/orders/{uuid}'],
    ['/orders/550E8400-E29B-41D4-A716-446655440000/pay', '/orders/{uuid}/pay'],
    ['/files/order-550e8400-e29b-41d4-a716-446655440000.pdf', '/files/{id}.pdf'],
    ['/blobs/d41d8cd98f00b204e9800998ecf8427e', '/blobs/{hash}'],
    ['/blobs/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '/blobs/sha256:{id}'],
    ['/commit/3f2a9c01', '/commit/{id}'],
    ['/items/507f1f77bcf86cd799439011', '/items/{id}'],
    ['/items/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/items/{id}'],
    ['/items/V1StGXR8_Z5jdHi6B-myT', '/items/{id}'],
    ['/items/cjld2cjxh0000qzrmn831i7rn', '/items/{id}'],
    ['/customers/cus_9s6XKzkNRiz8i3', '/customers/{id}'],
    ['/watch/dQw4w9WgXcQ', '/watch/{id}'],
    ['/users/john.doe@example.com/mail', '/users/{email}/mail'],
    ['/users/john.doe%40example.co.uk', '/users/{email}'],
    ['/reports/2024-01-31', '/reports/{date}'],
    ['/reports/2024-01', '/reports/{date}'],
    ['/reports/2024-01-31T10:00:00Z', '/reports/{date}'],
    ['/reports/2024/01/31', '/reports/{id}/{id}/{id}'],
    ['/reports/report-2024-01-31.pdf', '/reports/report-{id}.pdf'],
    ['/hosts/10.0.0.17/ports/8080', '/hosts/{ip}/ports/{id}'],
    ['/packages/left-pad/1.3.0', '/packages/left-pad/{version}'],
    ['/packages/left-pad/v1.3.0-beta.2', '/packages/left-pad/{version}'],
    ['/orders/order-12345', '/orders/order-{id}'],
    ['/orders/INV-2024-00017', '/orders/INV-{id}'],
    ['/users/user1234', '/users/user{id}'],
    ['/map/51.5074,-0.1278', '/map/{id}'],
    ['/404.html', '/{id}.html'],
    ['/static/main.3f2a9c01.js', '/static/main.{id}.js'],
    ['/static/chunk-LQ4T7XKV.js', '/static/{id}.js'],
    ['/verify/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c', '/verify/{token}'],
    ['/users/1234.json', '/users/{id}.json'],
    ['/odata/Products(1234)/Name', '/odata/Products({id})/Name'],
  ])('%s is %s', (path, route) => {
    expect(routeTemplate(path)).toBe(route);
  });

  test('a path of many segments, or of great length, ends in a star', () => {
    expect(routeTemplate('/a'.repeat(40))).toBe(`${'/a'.repeat(16)}/*`);
    const long = routeTemplate(`/${'abc/'.repeat(2_000)}`);
    expect(long.length).toBeLessThan(80);
    expect(routeTemplate(long)).toBe(long);
  });
});

const unpredictable = fc.oneof(
  fc.uuid(),
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String),
  fc.emailAddress(),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.base64String({ minLength: 20, maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...'aZ09-_.%{}:;@~*<>[]()é/ ?#'.split('')), maxLength: 60 }),
  fc.stringMatching(/^[0-9a-f]{6,64}$/),
  fc.constantFrom('api', 'v1', 'users', '{id}', ':id', '*', ''),
);
const path = fc.array(unpredictable, { maxLength: 20 }).map((segments) => `/${segments.join('/')}`);

describe('whatever the path', () => {
  test('the route of a route is itself', () => {
    fc.assert(fc.property(path, (any) => {
      const once = routeTemplate(any);
      expect(routeTemplate(once), once).toBe(once);
    }), { numRuns: 20_000 });
  });

  test('no segment of digits only survives, nor a UUID, a query or a fragment', () => {
    fc.assert(fc.property(path, (any) => {
      const segments = routeTemplate(any).split('/');
      for (const segment of segments) {
        expect(segment).not.toMatch(/^\d+$/);
        expect(segment).not.toMatch(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/i);
        expect(segment).not.toMatch(/[?#;]/);
      }
      expect(segments.length).toBeLessThanOrEqual(18);
      for (const segment of segments) expect(segment.length).toBeLessThanOrEqual(160);
    }), { numRuns: 10_000 });
  });

  test('the values of one place give one route, or hardly more', () => {
    const makers: Record<string, () => string> = {
      uuid: () => randomUUID(),
      hex24: () => randomBytes(12).toString('hex'),
      hex40: () => randomBytes(20).toString('hex'),
      hex64: () => randomBytes(32).toString('hex'),
      base64url24: () => randomBytes(18).toString('base64url'),
      base64url43: () => randomBytes(32).toString('base64url'),
      number: () => String(randomBytes(4).readUInt32BE()),
    };
    for (const [name, make] of Object.entries(makers)) {
      const routes = new Set(Array.from({ length: 2_000 }, () => routeTemplate(`/things/${make()}/parts`)));
      expect(routes.size, `${name}: ${[...routes].slice(0, 5).join(' ')}`).toBeLessThanOrEqual(name === 'base64url24' ? 40 : name === 'base64url43' ? 5 : 1);
    }
  });

  test('costs little time, also where it was made to cost much', () => {
    const nasty = ['/' + 'a1'.repeat(50_000), '/' + '%40'.repeat(20_000), '/' + 'a@b.'.repeat(20_000), '/' + '-'.repeat(100_000), '/1'.repeat(100_000), '/' + '{'.repeat(50_000), '/' + 'a.a@'.repeat(31) + 'a'];
    expect(cpuMsOf(() => {
      for (const one of nasty) for (let round = 0; round < 20; round += 1) routeTemplate(one);
    })).toBeLessThan(1_000);
  });
});

describe('a span name that ends in a path', () => {
  test.each([
    ['GET /users/1', 'GET ', '/users/1'],
    ['HTTP GET /users/1', 'HTTP GET ', '/users/1'],
    ['/users/1', '', '/users/1'],
    ['GET http://shop:8080/users/1', 'GET http://shop:8080', '/users/1'],
  ])('%s', (name, prefix, rest) => {
    expect(pathOfName(name)).toEqual({ prefix, path: rest });
  });

  test.each(['GET', 'checkout', 'SELECT a/b', 'GET /a b', 'shop.Cart/Get', 'process orders/1', 'http://shop', 'get /a'])('%s does not', (name) => {
    expect(pathOfName(name)).toBeUndefined();
  });

  test.each([
    ['http://shop:8080/users/1?x=1', '/users/1?x=1'], ['https://shop', '/'], ['https://shop?x=1', '/'], ['/users', '/users'], ['shop/users', undefined], ['', undefined],
  ])('the path of %s is %s', (url, rest) => {
    expect(pathOfUrl(url)).toBe(rest);
  });
});
