import type { StackLanguage } from './stack-frames.js';

/** Messages as they are sent, and what is left of them. */
export const SAMPLE_MESSAGES: readonly (readonly [message: string, parameterised: string])[] = [
  ['card 4111111111111111 declined', 'card <int> declined'],
  ['no such user bob.smith+tag@shop.example.com', 'no such user <email>'],
  ['GET https://pay.example.com/v1/charge?id=7 failed', 'GET <url> failed'],
  ['getaddrinfo ENOTFOUND payments.internal', 'getaddrinfo ENOTFOUND <hostname>'],
  ['connect ECONNREFUSED 10.0.3.17:5432', 'connect ECONNREFUSED <ip>'],
  ['connect ECONNREFUSED ::1:5432', 'connect ECONNREFUSED <ip>'],
  ['connect ECONNREFUSED localhost:5432', 'connect ECONNREFUSED <hostname>'],
  ['order 6f1e0b6e-8f5e-4c0a-9a62-2f9a3b6f7c10 is gone', 'order <uuid> is gone'],
  ['commit 356a192b7913b04c54574d18c28d46e6395428ab not found', 'commit <hash> not found'],
  ['token expired at 2026-11-20T03:04:05.123Z', 'token expired at <date>'],
  ['timeout of 5000ms exceeded', 'timeout of <duration> exceeded'],
  ['took 1.5 seconds', 'took <duration>'],
  ['segfault at 0x7ffe12ab', 'segfault at <hex>'],
  ['order o-7f3a9c21 failed', 'order o-<hex> failed'],
  ['session x7Gh29sKq01Zp lost', 'session <id> lost'],
  ['balance -12.50 is too low', 'balance <float> is too low'],
  ['retry 3 of 5', 'retry <int> of <int>'],
  ['order ORD12345 is locked', 'order ORD<int> is locked'],
  ['region=eu-2 tenant="acme corp" dry_run=true', 'region=eu-<int> tenant=<quoted> dry_run=<bool>'],
  ["Cannot read properties of undefined (reading 'id')", "Cannot read properties of undefined (reading 'id')"],
  ['java.lang.NullPointerException: com.acme.Cart', 'java.lang.NullPointerException: com.acme.Cart'],
  ['java.io.IOException: stream closed', 'java.io.IOException: stream closed'],
  ['HTTP/1.1 is fine, utf8 and http2 too', 'HTTP/<float> is fine, utf8 and http2 too'],
  ['duplicate key: users_pkey', 'duplicate key: users_pkey'],
  ['  first   line \n\n second line\n at stack (file.js:1:2)', 'first line\nsecond line'],
  ['', ''],
];

/** Language, stack, and the frames that count. */
export const SAMPLE_STACKS: readonly (readonly [StackLanguage, string, readonly string[]])[] = [
  ['javascript', `Error: no funds
    at Client.query (/app/node_modules/pg/lib/client.js:526:17)
    at async charge (/app/dist/payment.js:42:9)
    at async /app/dist/main.4f3a2b1c.js:7:3
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)`, ['charge (payment.js)', '<anonymous> (main.<hash>.js)']],
  ['java', `java.lang.RuntimeException: wrapped
	at com.acme.Front.handle(Front.java:12)
Caused by: java.sql.SQLException: gone
	at org.postgresql.Driver.connect(Driver.java:99)
	at com.acme.Orders.lambda$save$3(Orders.java:41)
	at com.acme.Orders$$EnhancerBySpringCGLIB$$1a2b3c.save(<generated>)
	at java.base/java.lang.Thread.run(Thread.java:840)
	... 12 more`, ['org.postgresql.Driver.connect', 'com.acme.Orders.lambda$save', 'com.acme.Orders$generated.save']],
  ['python', `Traceback (most recent call last):
  File "/usr/lib/python3.12/site-packages/flask/app.py", line 880, in full_dispatch
    rv = self.dispatch()
  File "/srv/shop/views.py", line 12, in checkout
    charge(order)
  File "/srv/shop/pay.py", line 7, in charge
    raise Declined(order)
shop.Declined: 12`, ['charge (pay.py)', 'checkout (views.py)']],
  ['go', `goroutine 12 [running]:
runtime.gopanic({0x1, 0x2})
	/usr/local/go/src/runtime/panic.go:770 +0x132
github.com/acme/shop/pay.(*Client).Charge(0xc000012, {0x1, 0x2})
	/src/pay/client.go:41 +0x1d
main.main.func1()
	/src/main.go:12 +0x25`, ['github.com/acme/shop/pay.(*Client).Charge', 'main.main.func']],
  ['dotnet', `System.InvalidOperationException: no funds
   at Shop.Payments.Charge(Order order) in /src/Payments.cs:line 17
   at Shop.Api.<Checkout>d__4.MoveNext() in /src/Api.cs:line 33
   at System.Runtime.CompilerServices.TaskAwaiter.Throw(Task task) in /_/src/TaskAwaiter.cs:line 20`, ['Shop.Payments.Charge', 'Shop.Api.Checkout.MoveNext']],
  ['ruby', `/srv/app/pay.rb:12:in 'charge'
/usr/lib/ruby/gems/3.3/rack.rb:1:in 'call'
/srv/app/web.rb:40:in 'block (2 levels) in checkout'`, ['charge (pay.rb)', 'checkout (web.rb)']],
  ['php', `#0 /app/src/Pay.php(12): Shop\\Pay->charge('12')
#1 /app/vendor/symfony/Kernel.php(3): Kernel->handle()
#2 {main}`, ['Shop\\Pay->charge (Pay.php)']],
  ['rust', `   0: std::panicking::begin_panic
             at /rustc/1/library/std/src/panicking.rs:1:2
   1: shop::pay::charge::h0123456789abcdef
             at ./src/pay.rs:12:5`, ['shop::pay::charge']],
];

/** Where languages differ from the plain case. */
export const SAMPLE_STACK_VARIANTS: readonly (readonly [string, StackLanguage, string, readonly string[]])[] = [
  ['a cause in Node, printed below what wraps it', 'javascript', `Error: checkout failed
    at checkout (/app/checkout.js:3:9) {
  [cause]: Error: no funds
      at charge (/app/pay.js:10:4)
      at async pay (/app/pay.js:20:4)
}`, ['charge (pay.js)', 'pay (pay.js)']],
  ['Firefox and Safari', 'javascript', 'charge@https://shop.example/assets/pay.js:10:4\n@https://shop.example/assets/main.js:1:2\n', ['charge (pay.js)', '<anonymous> (main.js)']],
  ['a minified bundle, whose names change with each build', 'javascript', `TypeError: x
    at n.t (https://shop.example/main.4f3a2b1c.js:1:2345)
    at e (https://shop.example/main.4f3a2b1c.js:1:99)
    at checkout (https://shop.example/main.4f3a2b1c.js:1:7)`, ['<minified> (main.<hash>.js)', 'checkout (main.<hash>.js)']],
  ['a module of Windows', 'javascript', 'Error\n    at charge (C:\\app\\pay.js:10:4)\n    at async file:///C:/app/main.mjs:1:1', ['charge (pay.js)', '<anonymous> (main.mjs)']],
  ['what Java suppressed beside its cause', 'java', `a.Wrapped: x
	at com.acme.Front.handle(Front.java:12)
Caused by: b.Gone: y
	at com.acme.Orders$1.run(Orders.java:7)
	at com.acme.Orders$$Lambda/0x00007f1.get(Unknown Source)
	Suppressed: c.Closed: z
		at com.acme.Pool.close(Pool.java:3)`, ['com.acme.Orders$<n>.run', 'com.acme.Orders$generated.get']],
  ['Kotlin coroutines', 'java', `x.Declined: no
	at shop.Pay$charge$2.invokeSuspend(Pay.kt:12)
	at kotlin.coroutines.jvm.internal.BaseContinuationImpl.resumeWith(ContinuationImpl.kt:33)`, ['shop.Pay$charge$<n>.invokeSuspend']],
  ['a chain of Python, whose cause is first', 'python', `Traceback (most recent call last):
  File "/srv/pay.py", line 7, in charge
    raise Declined
shop.Declined

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/views.py", line 3, in checkout
    raise Failed
shop.Failed`, ['charge (pay.py)']],
  ['an exception group of Python', 'python', `  + Exception Group Traceback (most recent call last):
  |   File "/srv/main.py", line 3, in run
  |     raise ExceptionGroup`, ['run (main.py)']],
  ['errors of Go that carry their stack', 'go', `no funds
github.com/acme/shop/pay.Charge
	/src/pay/client.go:41
main.main
	/src/main.go:12
runtime.main
	/usr/local/go/src/runtime/proc.go:250`, ['github.com/acme/shop/pay.Charge', 'main.main']],
  ['Go with type parameters, built with -trimpath', 'go', `goroutine 1 [running]:
encoding/json.Unmarshal(...)
	encoding/json/decode.go:1
shop/pay.Map[...](0x1)
	shop/pay/map.go:3 +0x1
github.com/lib/pq.(*conn).query(0x1)
	github.com/lib/pq@v1.10.9/conn.go:3 +0x1`, ['shop/pay.Map']],
  ['.NET without sources, and its inner exception first', 'dotnet', `Shop.Failed: no
 ---> System.InvalidOperationException: no funds
   at Shop.Payments.<>c__DisplayClass4_0.<Charge>b__0(Order order)
   at Shop.Payments.<Charge>g__Retry|7_1(Int32 tries)
   at System.Linq.Enumerable.First[T](IEnumerable\`1 source)
   --- End of inner exception stack trace ---
   at Shop.Api.Checkout(Order order)`, ['Shop.Payments.<lambda>.Charge', 'Shop.Payments.Charge.Retry']],
  ['rescue of Ruby', 'ruby', "/srv/pay.rb:12:in `rescue in block in charge'\n/srv/web.rb:1:in `<main>'", ['charge (pay.rb)', '<main> (web.rb)']],
  ['closures and anonymous classes of PHP, the first exception first', 'php', `Shop\\Declined: no in /app/src/Pay.php:3
Stack trace:
#0 /app/src/Pay.php(12): Shop\\{closure:Shop\\Pay::charge():11}()
#1 /app/src/Job.php(4): class@anonymous/app/src/Job.php:3$0->run()

Next Shop\\Failed: x in /app/src/Web.php:9
Stack trace:
#0 /app/src/Web.php(3): checkout()`, ['Shop\\{closure} (Pay.php)', 'class@anonymous->run (Job.php)']],
  ['a panic of Rust', 'rust', `   0: rust_begin_unwind
             at /rustc/f6e511e/library/std/src/panicking.rs:665:5
   1: core::panicking::panic_fmt
   2: shop::pay::charge::{{closure}}
             at ./src/pay.rs:12:5
   3: sqlx::query
             at /usr/local/cargo/registry/src/sqlx-0.8/src/query.rs:3:1
   4: main`, ['shop::pay::charge::{{closure}}']],
];
