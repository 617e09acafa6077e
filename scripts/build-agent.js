// Builds the agent's C side into dist/agent: the BPF programs (clang), their skeleton (bpftool), and the loader.
// Says which packages are missing before it starts anything.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'dist', 'agent');
const PACKAGES = 'apt-get install -y clang llvm bpftool libbpf-dev libelf-dev zlib1g-dev libcapstone-dev libc6-dev';
const ARCHITECTURES = { x64: 'x86', arm64: 'arm64' };
const HEADERS = { 'bpf/bpf.h': 'libbpf-dev', 'gelf.h': 'libelf-dev', 'zlib.h': 'zlib1g-dev', 'capstone/capstone.h': 'libcapstone-dev' };
const WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter'];

function isRunnable(command, args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function hasHeader(header) {
  try {
    execFileSync('clang', ['-fsyntax-only', '-x', 'c', '-'], { input: `#include <stddef.h>\n#include <${header}>\n`, stdio: ['pipe', 'ignore', 'ignore'] });
    return true;
  } catch {
    return false;
  }
}

function missingPackages() {
  if (!isRunnable('clang', ['--version'])) return ['clang', 'llvm'];
  const missing = Object.entries(HEADERS).filter(([header]) => !hasHeader(header)).map(([, name]) => name);
  // Debian keeps bpftool out of the search path of ordinary users.
  process.env.PATH = `${process.env.PATH}:/usr/sbin`;
  if (!isRunnable('bpftool', ['version'])) missing.push('bpftool');
  return missing;
}

function refuse(message) {
  process.stderr.write(`build:agent: ${message}\n`);
  process.exit(1);
}

function buildPrograms(architecture) {
  const source = join(root, 'bpf');
  const objects = readdirSync(source).filter((name) => name.endsWith('.bpf.c')).sort().map((name) => {
    const object = join(target, name.replace(/\.c$/, '.o'));
    execFileSync('clang', ['-g', '-O2', ...WARNINGS, '-mcpu=v3', '-target', 'bpf', `-D__TARGET_ARCH_${architecture}`, '-I', '/usr/include', '-c', join(source, name), '-o', object], { stdio: 'inherit' });
    return object;
  });
  const whole = join(target, 'agent.bpf.o');
  execFileSync('bpftool', ['gen', 'object', whole, ...objects], { stdio: 'inherit' });
  return whole;
}

function buildLoader(whole) {
  const skeleton = execFileSync('bpftool', ['gen', 'skeleton', whole, 'name', 'agent_bpf']);
  execFileSync('sh', ['-c', 'cat > "$1"', 'sh', join(target, 'agent.skel.h')], { input: skeleton });
  const source = join(root, 'agent', 'loader');
  const files = readdirSync(source).filter((name) => name.endsWith('.c')).sort().map((name) => join(source, name));
  const hardening = ['-D_GNU_SOURCE', '-D_FORTIFY_SOURCE=2', '-fstack-protector-strong', '-fPIE', '-pie', '-Wl,-z,relro,-z,now'];
  execFileSync('clang', ['-std=gnu11', '-g', '-O2', ...WARNINGS, ...hardening, '-I', target, ...files, '-o', join(target, 'tocsin-agent-loader'), '-lbpf', '-lelf', '-lz', '-lcapstone'], { stdio: 'inherit' });
}

const architecture = ARCHITECTURES[process.arch];
if (process.platform !== 'linux' || !architecture) refuse('the agent runs on Linux, x86-64 and 64-bit ARM only');
const missing = missingPackages();
if (missing.length > 0) refuse(`these packages are missing: ${missing.join(', ')}. On Debian and Ubuntu: ${PACKAGES}`);
if (!existsSync(target)) mkdirSync(target, { recursive: true });
try {
  buildLoader(buildPrograms(architecture));
} catch (error) {
  refuse(error.message.split('\n')[0]);
}
process.stdout.write(`built ${join('dist', 'agent', 'tocsin-agent-loader')}\n`);
