// Small file systems that fill up, or stop taking writes, and take them again.
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, statfsSync, truncateSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MIB = 2 ** 20;
const TMPFS_MIB = 224;
const EXT4_MIB = 320;
const BLOCK = Buffer.alloc(MIB, 1);
const mounted = new Set();
/** Whatever ends the campaign, nothing of it stays mounted. */
process.on('exit', () => { for (const disk of mounted) disk.remove(); });

function run(command, ...words) {
  return execFileSync(command, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
}

class SmallDisk {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-torture-disk-'));
  at = join(this.directory, 'mount');
  dataDir = join(this.at, 'data');
  /** Whether the running service has to go on by itself once writes are taken again; else it is started anew, as after any repair of a disk. */
  isRepairedInPlace = true;

  constructor() {
    mkdirSync(this.at);
    mounted.add(this);
    try {
      this.mount();
      mkdirSync(this.dataDir);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  remove() {
    mounted.delete(this);
    try {
      this.release?.();
      run('umount', '-l', this.at);
    } catch {
      // It was not mounted, which is what is wanted.
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Fills up: a file takes all but `leaveBytes`. */
export class FullDisk extends SmallDisk {
  static title = 'full disk';
  #ballast = join(this.at, 'ballast');

  mount() {
    run('mount', '-t', 'tmpfs', '-o', `size=${TMPFS_MIB}m`, 'tocsin-torture', this.at);
  }

  block(leaveBytes) {
    const file = openSync(this.#ballast, 'w');
    let size = 0;
    try {
      for (;;) size += writeSync(file, BLOCK);
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
      const { bavail, bsize } = statfsSync(this.at);
      ftruncateSync(file, Math.max(0, size - leaveBytes + bavail * bsize));
    } finally {
      closeSync(file);
    }
  }

  unblock() {
    unlinkSync(this.#ballast);
  }
}

class Ext4Disk extends SmallDisk {
  get image() {
    return join(this.directory, 'image');
  }

  mount() {
    closeSync(openSync(this.image, 'w'));
    truncateSync(this.image, EXT4_MIB * MIB);
    // Without a journal of its own: half the writes, and nothing of this is about ext4's recovery.
    run('mkfs.ext4', '-q', '-O', '^has_journal', this.image);
    this.mountAgain();
  }

  mountAgain() {
    run('mount', '-o', 'loop,errors=remount-ro', this.image, this.at);
  }

  repair() {
    run('umount', this.at);
    try {
      run('e2fsck', '-p', this.image);
    } catch (error) {
      // 1: errors were corrected.
      if (error.status !== 1) throw error;
    }
    this.mountAgain();
  }
}

/**
 * Refuses every write, also to open files, until it takes them again. The kernel does not remount a file system read-only under a file that is open for
 * writing; ext4's immutable flag is the same to the writer (EPERM instead of EROFS) and can be taken back.
 */
export class ReadOnlyDisk extends Ext4Disk {
  static title = 'read-only disk';

  constructor() {
    super();
    this.block();
    this.unblock();
  }

  block() {
    this.#flag('+i');
  }

  unblock() {
    this.#flag('-i');
  }

  release() {
    this.unblock();
  }

  #flag(change) {
    if (change === '-i') run('chattr', change, this.dataDir);
    for (const name of readdirSync(this.dataDir)) run('chattr', change, join(this.dataDir, name));
    if (change === '+i') run('chattr', change, this.dataDir);
  }
}

/** An error of the file system itself makes the kernel stop all writes at once, until it is unmounted, checked and mounted again. */
export class FailedDisk extends Ext4Disk {
  static title = 'failed disk (ext4 error, kernel turns it read-only)';
  isRepairedInPlace = false;

  block() {
    const device = run('findmnt', '-no', 'SOURCE', this.at).trim().split('/').at(-1);
    const file = openSync(`/sys/fs/ext4/${device}/trigger_fs_error`, 'w');
    try {
      writeSync(file, '1');
    } finally {
      closeSync(file);
    }
  }

  unblock() {
    this.repair();
  }
}

/** The kinds that this machine can mount, and for each other one why not. */
export function availableDisks() {
  const kinds = [FullDisk, ReadOnlyDisk, FailedDisk];
  if (process.getuid() !== 0) return { disks: [], missing: [`mounting small file systems needs root`] };
  const missing = [];
  const disks = kinds.filter((Kind) => {
    try {
      new Kind().remove();
      return true;
    } catch (error) {
      missing.push(`${Kind.title}: ${String(error.stderr || error.message).trim().split('\n')[0]}`);
      return false;
    }
  });
  return { disks, missing };
}
