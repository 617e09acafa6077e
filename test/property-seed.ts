import fc from 'fast-check';

// Property tests draw the same cases in every run, so that a red suite is red again for whoever looks into it.
// TOCSIN_TEST_SEED=random (or a number) draws others: worth an hour now and then, and after each change of a parser.
const wanted = process.env['TOCSIN_TEST_SEED'] ?? '20261126';
if (wanted !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) });
