// Builds the agent's C side into dist/agent: the BPF programs (clang), their skeleton (bpftool), and the loader.
// Says which packages are missing before it starts anything. A build of unchanged sources takes a moment. Results are moved into place
// whole, so that two builds at once do not disturb each other.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'dist', 'agent');
const LOADER = 'tocsin-agent-loader';
const PACKAGES = 'apt-get install -y clang llvm bpftool libbpf-dev libelf-dev zlib1g-dev libcapstone-dev libc6-dev';
const ARCHITECTURES = { x64: 'x86', arm64: 'arm64' };
const HEADERS = { 'bpf/bpf.h': 'libbpf-dev', 'gelf.h': 'libelf-dev', 'zlib.h': 'zlib1g-dev', 'capstone/capstone.h': 'libcapstone-dev' };
const WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter'];
const HARDENING = ['-D_GNU_SOURCE', '-D_FORTIFY_SOURCE=2', '-fstack-protector-strong', '-fPIE', '-pie', '-Wl,-z,relro,-z,now'];
const LIBRARIES = ['-lbpf', '-lelf', '-lz', '-lcapstone'];
// Debian keeps bpftool out of the search path of ordinary users.
process.env.PATH = `${process.env.PATH}:/usr/sbin`;

function isRunnable(command, args, input) {
  try {
    execFileSync(command, args, { input, stdio: [input === undefined ? 'ignore' : 'pipe', 'ignore', 'ignore'] });
    return true;
  } catch {
    return false;
  }
}

const hasHeader = (header) => isRunnable('clang', ['-fsyntax-only', '-x', 'c', '-'], `#include <stddef.h>\n#include <${header}>\n`);

function missingPackages() {
  if (!isRunnable('clang', ['--version'])) return ['clang', 'llvm'];
  const missing = Object.entries(HEADERS).filter(([header]) => !hasHeader(header)).map(([, name]) => name);
  return isRunnable('bpftool', ['version']) ? missing : [...missing, 'bpftool'];
}

function refuse(message) {
  process.stderr.write(`build:agent: ${message}\n`);
  process.exit(1);
}

function sourcesOf(directory) {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[ch]$/.test(entry.name)).map((entry) => join(entry.parentPath, entry.name)).sort();
}

function isFresh() {
  const built = join(target, LOADER);
  if (!existsSync(built)) return false;
  const sources = [...sourcesOf('bpf'), ...sourcesOf(join('agent', 'loader')), fileURLToPath(import.meta.url)];
  const { mtimeMs } = statSync(built);
  return sources.every((path) => statSync(path).mtimeMs < mtimeMs);
}

function buildPrograms(directory, architecture) {
  const objects = sourcesOf('bpf').filter((path) => path.endsWith('.bpf.c')).map((source) => {
    const object = join(directory, source.slice(join(root, 'bpf').length + 1).replace(/\.c$/, '.o'));
    execFileSync('clang', ['-g', '-O2', ...WARNINGS, '-mcpu=v3', '-target', 'bpf', `-D__TARGET_ARCH_${architecture}`, '-c', source, '-o', object], { stdio: 'inherit' });
    return object;
  });
  const whole = join(directory, 'agent.bpf.o');
  execFileSync('bpftool', ['gen', 'object', whole, ...objects], { stdio: 'inherit' });
  return whole;
}

function buildLoader(directory, whole) {
  writeFileSync(join(directory, 'agent.skel.h'), execFileSync('bpftool', ['gen', 'skeleton', whole, 'name', 'agent_bpf']));
  const files = sourcesOf(join('agent', 'loader')).filter((path) => path.endsWith('.c'));
  const built = join(directory, LOADER);
  execFileSync('clang', ['-std=gnu11', '-g', '-O2', ...WARNINGS, ...HARDENING, '-I', directory, ...files, '-o', built, ...LIBRARIES], { stdio: 'inherit' });
  return built;
}

const architecture = ARCHITECTURES[process.arch];
if (process.platform !== 'linux' || !architecture) refuse('the agent runs on Linux, x86-64 and 64-bit ARM only');
if (isFresh()) process.exit(0);
const missing = missingPackages();
if (missing.length > 0) refuse(`these packages are missing: ${missing.join(', ')}. On Debian and Ubuntu: ${PACKAGES}`);
mkdirSync(target, { recursive: true });
const directory = mkdtempSync(join(root, 'dist', 'agent-build-'));
try {
  renameSync(buildLoader(directory, buildPrograms(directory, architecture)), join(target, LOADER));
  process.stdout.write(`built ${join('dist', 'agent', LOADER)}\n`);
} catch (error) {
  process.stderr.write(`build:agent: ${error.message.split('\n')[0]}\n`);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
