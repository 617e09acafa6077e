import type { StackLanguage } from './stack-grammars.js';

/** Messages as they are sent, and what is left of them. */
export const SAMPLE_MESSAGES: readonly (readonly [message: string, parameterised: string])[] = [
  ['card 4111111111111111 declined', 'card <number> declined'],
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
  ['balance -12.50 is too low', 'balance <number> is too low'],
  ['retry 3 of 5', 'retry <number> of <number>'],
  ['order ORD12345 is locked', 'order ORD<number> is locked'],
  ['region=eu-2 tenant="acme corp" dry_run=true', 'region=eu-<number> tenant=<quoted> dry_run=<bool>'],
  ["Cannot read properties of undefined (reading 'id')", "Cannot read properties of undefined (reading 'id')"],
  ['java.lang.NullPointerException: com.acme.Cart', 'java.lang.NullPointerException: com.acme.Cart'],
  ['java.io.IOException: stream closed', 'java.io.IOException: stream closed'],
  ['HTTP/1.1 is fine, utf8 and http2 too', 'HTTP/<number> is fine, utf8 and http2 too'],
  ['duplicate key: users_pkey', 'duplicate key: users_pkey'],
  ['  first   line \n\n second line\n at stack (file.js:1:2)', 'first line\nsecond line'],
  ['', ''],
  // Numbers and names that say what went wrong stay.
  ['Request failed with status code 404', 'Request failed with status code 404'],
  ['rpc error: code = 14 for order 14', 'rpc error: code = 14 for order <number>'],
  ['HTTP 503 from 17', 'HTTP 503 from <number>'],
  ['SQLSTATE[23000]: duplicate', 'SQLSTATE[23000]: duplicate'],
  ['ORA-00001: unique constraint', 'ORA-00001: unique constraint'],
  ["[Errno 13] Permission denied: '/data'", '[Errno 13] Permission denied: <quoted>'],
  ['no zip code 12345', 'no zip code <number>'],
  ['400 {"error":"card_expired","id":"joe"}', '<number> {"error":"card_expired","id":<quoted>}'],
  ['field="amount" is required, note="joe"', 'field="amount" is required, note=<quoted>'],
  ["KeyError: 'plan'", "KeyError: 'plan'"],
  // Numbers however they are written, and lists of any length.
  ['price 3 is not 12.50', 'price <number> is not <number>'],
  ['1e-5 is below 2.5E10', '<number> is below <number>'],
  ['Zahlung von 1.299,00 € abgelehnt', 'Zahlung von <number> € abgelehnt'],
  ['WHERE id IN (1, 2,3)', 'WHERE id IN (<number>)'],
  ['wrote 1,234,567 bytes of 12.5 GB: 51.5% full', 'wrote <size> of <size>: <size> full'],
  ['heap is 512MiB', 'heap is <size>'],
  ['took 1h2m3.5s, then PT30S', 'took <duration>, then <duration>'],
  ['at Fri, 27 Nov 2026 10:46:51 GMT', 'at <date>'],
  ['at Fri Nov 27 10:46:51 UTC 2026', 'at <date>'],
  ['at 27/Nov/2026:10:46:51 +0000', 'at <date>'],
  ['at 11/27/2026 1:46:51 PM', 'at <date>'],
  ['at 27.11.2026 10:46', 'at <date>'],
  ['at 10:46:51 in std::vector::at', 'at <date> in std::vector::at'],
  ['dial [fd00::12]:5432: refused', 'dial <ip>: refused'],
  ['no ARP for 00:1B:44:11:3A:B7', 'no ARP for <mac>'],
  ['pod checkout-7d9f8b6c5d-x2x4k is gone', 'pod checkout-<pod> is gone'],
  ["open '/tmp/upload-a8f3/17.pdf'", "open '<path>'"],
  ['com.acme.Order@1a2b3c is locked', 'com.acme.Order@<hex> is locked'],
  ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c', 'token <token>'],
  ['body aGVsbG8gd29ybGQgdGhpcyBpcyBhIGxvbmcgc3RyaW5nIGZvciB0ZXN0cw==', 'body <token>'],
  ['id V1StGXR8_Z5jdHi6B-myT', 'id <token>'],
  ['key sk_live_51H8aBcDeF', 'key <token>'],
  ['host 51H8aBcDeF', 'host <id>'],
  ['at /Api/v1/Orders/17/Lines/3', 'at /Api/v1/Orders/<number>/Lines/<number>'],
  ["Duplicate entry 'joe' for key 'users.name'", "Duplicate entry <quoted> for key 'users.name'"],
  ['Key (name)=(joe smith) already exists', 'Key (name)=<quoted> already exists'],
  [`Unexpected token 'x', "xyz" is not valid JSON`, 'Unexpected token <quoted> is not valid JSON'],
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
	... 12 more`, ['com.acme.Orders.lambda$save', 'com.acme.Orders$generated.save']],
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
   4: main`, ['shop::pay::charge::{closure}']],
  ['Rust with its whole runtime, whose names have closures and traits in them', 'rust', `   0: std::panicking::panic_handler::{closure#0}
             at /rustc/59807616e/library/std/src/panicking.rs:698:13
   1: <alloc::boxed::Box<dyn for<'a, 'b> core::ops::function::Fn<(&'a std::panic::PanicHookInfo<'b>,), Output = ()> + core::marker::Send> as core::ops::function::Fn<(&std::panic::PanicHookInfo,)>>::call
             at /rustc/59807616e/library/alloc/src/boxed.rs:2254:9
   2: std::sys::backtrace::__rust_end_short_backtrace::<std::panicking::panic_handler::{closure#0}, !>
             at /rustc/59807616e/library/std/src/sys/backtrace.rs:182:18
   3: shop::bank
             at ./src/main.rs:6:54
   4: <shop::Client as shop::Pay>::charge
             at ./src/main.rs:10:39
   5: <&dyn core::ops::function::Fn<(), Output = i32> as core::ops::function::FnOnce<()>>::call_once
             at /rustc/59807616e/library/core/src/ops/function.rs:287:21`, ['shop::bank', '<shop::Client as shop::Pay>::charge']],
  ['Ruby as its SDK sends it: message and class behind the first line, the cause last', 'ruby', `/srv/web.rb:7:in 'rescue in checkout': order 12 failed (RuntimeError)
	from /srv/web.rb:4:in 'checkout'
/srv/pay.rb:2:in 'Shop::Pay#charge': no funds (Shop::Declined)
	from /srv/web.rb:5:in 'checkout'
`, ['Shop::Pay#charge (pay.rb)', 'checkout (web.rb)']],
  ['PHP as its SDK sends it', 'php', `Shop.Failed: order 12
	at Shop.Web.checkout(Web.php:21)
	at {main}(index.php:3)
Caused by: Shop.Declined: no funds
	at Shop.Pay.charge(Pay.php:9)
	at Shop.Pay.Shop.{closure}(Pay.php:12)
	at Illuminate.Pipeline.Pipeline.then(Pipeline.php:3)
	... 1 more`, ['Shop.Pay.charge (Pay.php)', 'Shop.Pay.Shop.{closure} (Pay.php)']],
  ['a panic of Go below who recovered from it, and closures of generic functions', 'go', `goroutine 1 [running]:
runtime/debug.Stack()
	/usr/local/go/src/runtime/debug/stack.go:26 +0x5e
main.recovered.func1()
	/src/main.go:10 +0xea
panic({0x4b2ce0?, 0x9925965a0c0?})
	/usr/local/go/src/runtime/panic.go:860 +0x13a
main.Map[...].func1(0xb)
	/src/main.go:7 +0xbd
main.main.func2.1(...)
	/src/main.go:6`, ['main.Map.func', 'main.main.func']],
  ['two failed tasks of a group of Python: as many as there were', 'python', `  + Exception Group Traceback (most recent call last):
  |   File "/srv/main.py", line 3, in run
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/pay.py", line 6, in charge
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/srv/mail.py", line 6, in send
    +------------------------------------`, ['charge (pay.py)', 'run (main.py)']],
  ['recursion by turns', 'javascript', `RangeError
    at even (/app/count.js:1:1)
    at odd (/app/count.js:2:1)
    at even (/app/count.js:1:1)
    at odd (/app/count.js:2:1)
    at main (/app/main.js:1:1)`, ['even (count.js)', 'odd (count.js)', 'main (main.js)']],
  ['a bundle of Vite, and a page of Next', 'javascript', `TypeError: x
    at n (https://shop.example/assets/index-BqJ3xY7z.js:1:2345)
    at checkout (https://shop.example/assets/user-settings.js:1:7)
    at page (webpack-internal:///(rsc)/./src/app/page.tsx:3:3)`, ['<minified> (index-<hash>.js)', 'checkout (user-settings.js)', 'page (page.tsx)']],
  ['names that Hibernate and Clojure make up', 'java', `x.Y: z
	at shop.Order$HibernateProxy$AbC12xYz.getId(Unknown Source)
	at shop.core$charge$fn__1234.invoke(core.clj:12)
	at clojure.lang.AFn.run(AFn.java:22)`, ['shop.Order$HibernateProxy.getId', 'shop.core$charge$fn.invoke']],
  ['F#, which names closures after their lines', 'dotnet', `System.Exception: x
   at Shop.Pay.charge@12.Invoke(Int32 x) in /src/Pay.fs:line 12
   at Shop.Pay.charge(Int32 x)`, ['Shop.Pay.charge.Invoke', 'Shop.Pay.charge']],
  ['C++ by glibc', 'cpp', `./shop(_ZN4shop4bankEi+0xf) [0x563fcaf77215]
./shop(_ZNK4shop6Client6chargeEi+0xb) [0x563fcaf77225]
/lib/x86_64-linux-gnu/libc.so.6(__libc_start_main+0x85) [0x7f513a845305]`, ['shop::bank', 'shop::Client::charge']],
  ['C++ by Boost and the standard library', 'cpp', ` 0# shop::bank(int) at /src/pay.cpp:12 [0x401136]
 1# shop::Client::charge(std::vector<int, std::allocator<int> > const&) at /src/pay.cpp:30
 2# __libc_start_main in /lib/x86_64-linux-gnu/libc.so.6`, ['shop::bank', 'shop::Client::charge']],
  ['C++ by a sanitizer', 'cpp', `==1==ERROR: AddressSanitizer
    #0 0x55d0a1 in shop::bank(int) /src/pay.cpp:12:3
    #1 0x55d0b2 in shop::Client::charge(int) /src/pay.cpp:30:9`, ['shop::bank', 'shop::Client::charge']],
  ['C++ by gdb', 'cpp', `#0  0x00007f12 in raise () from /lib/x86_64-linux-gnu/libc.so.6
#1  shop::bank (x=11) at /src/pay.cpp:12`, ['shop::bank']],
  ['C++ by glog', 'cpp', `*** Check failure stack trace: ***
    @     0x7f13a  google::LogMessage::Fail()
    @     0x55d0b2  shop::Client::charge()`, ['shop::Client::charge']],
];
