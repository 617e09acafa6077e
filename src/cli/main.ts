import { runCommandLine } from './run-command-line.js';

// Whoever reads the output may leave first (`tocsin check | head`); that ends nothing here.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

process.exitCode = await runCommandLine(process.argv.slice(2));
