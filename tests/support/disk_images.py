# SPDX-License-Identifier: Apache-2.0
"""Real disk images of every format, made once a run by the tools that people use: qemu-img, mkfs, sgdisk, genisoimage."""
import fcntl
import json
import os
import pathlib
import random
import subprocess

MIB = 1 << 20


def scratch():
    return pathlib.Path(os.environ["SLUICE_TEST_SCRATCH"])


def run(*arguments):
    subprocess.run([str(argument) for argument in arguments], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                   env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})


def noise(size, seed=1):
    """Bytes that no compression shrinks, the same in every run."""
    return random.Random(seed).randbytes(size)


def tree(folder):
    """A few files for a filesystem."""
    files = folder / "tree"
    if not files.exists():
        (files / "etc").mkdir(parents=True)
        (files / "etc" / "hostname").write_text("sluice-test\n")
        (files / "noise.bin").write_bytes(noise(3 * MIB))
    return files


def make_ext4(path):
    with open(path, "wb") as file:
        file.truncate(24 * MIB)
    run("mkfs.ext4", "-q", "-F", "-d", tree(path.parent), path)


def make_fat(path):
    with open(path, "wb") as file:
        file.truncate(20 * MIB)
    run("mkfs.vfat", "-F", "16", path)
    run("mcopy", "-i", path, tree(path.parent) / "noise.bin", "::noise.bin")


def make_gpt(path):
    with open(path, "wb") as file:
        file.truncate(32 * MIB)
    run("sgdisk", "-n", "1:2048:+24M", "-t", "1:8300", path)
    with open(path, "r+b") as file:
        file.seek(2048 * 512)
        file.write(image("ext4").read_bytes())


def make_mbr(path):
    """A classic partition table with one Linux partition, written by hand: 16 bytes and a signature."""
    sectors = 24 * MIB // 512
    table = bytearray(512)
    table[446:462] = (bytes([0x80, 0xFE, 0xFF, 0xFF, 0x83, 0xFE, 0xFF, 0xFF]) + (2048).to_bytes(4, "little") +
                      sectors.to_bytes(4, "little"))
    table[510:512] = b"\x55\xaa"
    with open(path, "wb") as file:
        file.write(table)
        file.seek(2048 * 512)
        file.write(image("ext4").read_bytes())


def make_iso(path):
    run("genisoimage", "-quiet", "-J", "-R", "-V", "SLUICE", "-o", path, tree(path.parent))


def converted(kind, *options):
    def make(path):
        run("qemu-img", "convert", "-q", "-f", "raw", "-O", kind, *options, image("gpt"), path)
    return make


# name -> (how it is made, the format that it must be detected as)
KINDS = {
    "ext4": (make_ext4, "raw"),
    "fat": (make_fat, "raw"),
    "gpt": (make_gpt, "raw"),
    "mbr": (make_mbr, "raw"),
    "iso": (make_iso, "iso"),
    "qcow2": (converted("qcow2"), "qcow2"),
    "qcow2-old": (converted("qcow2", "-o", "compat=0.10"), "qcow2"),
    "qcow2-compressed": (converted("qcow2", "-c"), "qcow2"),
    "vmdk": (converted("vmdk"), "vmdk"),
    "vmdk-stream": (converted("vmdk", "-o", "subformat=streamOptimized"), "vmdk"),
    "vhd": (converted("vpc"), "vhd"),
    "vhd-fixed": (converted("vpc", "-o", "subformat=fixed,force_size"), "vhd"),
    "vhdx": (converted("vhdx"), "vhdx"),
    "vdi": (converted("vdi"), "vdi"),
}
QEMU_NAMES = {"vhd": "vpc", "iso": "raw"}


def image(name):
    """The path of the image `name`, made when it is first asked for (by whichever process comes first)."""
    folder = scratch() / "disk-images"
    folder.mkdir(exist_ok=True)
    path = folder / name
    if path.exists():
        return path
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            with open(folder / "tree.lock", "w") as tree_lock:
                fcntl.flock(tree_lock, fcntl.LOCK_EX)
                tree(folder)
            new = folder / f"{name}.new"
            KINDS[name][0](new)
            new.rename(path)
    return path


def virtual_size(path, disk_format):
    """What qemu-img says that the guest will see."""
    outcome = subprocess.run(["qemu-img", "info", "--output=json", "-f", QEMU_NAMES.get(disk_format, disk_format), path],
                             check=True, capture_output=True, text=True)
    return json.loads(outcome.stdout)["virtual-size"]


def luks_volume(path, size=4 * MIB):
    """A volume of `size` bytes inside, as Cinder has them when they are encrypted. Before it derives the key, qemu-img
    measures the processor, and gives up where the clock stood still for it, one time in three on some virtual machines."""
    for left in reversed(range(30)):
        try:
            return run("qemu-img", "create", "-q", "-f", "luks", "--object", "secret,id=key,data=secret", "-o",
                       "key-secret=key,iter-time=10", path, size)
        except subprocess.CalledProcessError as failed:
            if left == 0 or b"Unable to get accurate CPU usage" not in failed.stderr:
                raise


def small_qcow2(size=MIB, seed=1):
    """The bytes of a small valid qcow2 with `size` bytes of noise in it, cached by size and seed."""
    folder = scratch() / "disk-images"
    folder.mkdir(exist_ok=True)
    path = folder / f"small-{size}-{seed}.qcow2"
    if not path.exists():
        raw, new = folder / f"small-{size}-{seed}-{os.getpid()}.raw", folder / f"small-{size}-{seed}-{os.getpid()}.new"
        raw.write_bytes(noise(size, seed))
        run("qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", raw, new)
        raw.unlink()
        new.rename(path)
    return path.read_bytes()
